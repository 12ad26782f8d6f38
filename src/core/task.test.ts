import { describe, expect, test } from 'vitest';
import { protectedPaths, scopeViolations } from './scope-check.ts';
import { isTaskId, isTwin, taskIdKey } from './task.ts';
import type { TaskSpec } from './task.ts';
import { formatPlace, isUserError, UserError } from './user-error.ts';

test.each(['A-1', 'TASK-0042', 'a_b9-999999999', `${'A'.repeat(32)}-1`])('%s is a task id', (id) => {
  expect(isTaskId(id)).toBe(true);
});

test.each([
  '',
  'A',
  '-1',
  'A-',
  'A-1 ',
  'A-1\n',
  '../A-1',
  'A/B-1',
  '1A-1',
  'A-1.lock',
  'Ä-1',
  'A-1234567890',
  `${'A'.repeat(33)}-1`,
])('%j is none', (id) => {
  expect(isTaskId(id)).toBe(false);
});

test('ids that differ in case have one key', () => {
  expect(taskIdKey('Task-1')).toBe(taskIdKey('TASK-1'));
});

test('twins ask for the same work', () => {
  const spec = (objective: string, ...owns: string[]) => ({ objective, owns }) as unknown as TaskSpec;
  expect(isTwin(spec(' Say\n hello', 'a', 'b'), spec('say hello ', 'b', 'a', 'a'))).toBe(true);
  expect(isTwin(spec('say hello', 'a'), spec('say hello', 'a', 'b'))).toBe(false);
  expect(isTwin(spec('say hello', 'a', 'b'), spec('say hello', 'a'))).toBe(false);
  expect(isTwin(spec('say hello', 'a'), spec('say bye', 'a'))).toBe(false);
});

describe('scope of a change', () => {
  test('forbids wins over owns; no owns means all but what is forbidden', () => {
    const changed = ['src/a.ts', 'src/b.ts', 'lib/a.ts'];
    expect(scopeViolations({ owns: ['src'], forbids: ['src/b.ts'] }, changed)).toEqual([
      { path: 'src/b.ts', why: 'forbidden' },
      { path: 'lib/a.ts', why: 'outside' },
    ]);
    expect(scopeViolations({ owns: [], forbids: ['lib/**'] }, changed)).toEqual([
      { path: 'lib/a.ts', why: 'forbidden' },
    ]);
    expect(scopeViolations({ owns: [], forbids: [] }, changed)).toEqual([]);
  });

  test('another case is no way around what is forbidden or protected, nor a way into what is owned', () => {
    expect(scopeViolations({ owns: [], forbids: ['lib/**'] }, ['LIB/a.ts'])).toEqual([
      { path: 'LIB/a.ts', why: 'forbidden' },
    ]);
    expect(scopeViolations({ owns: ['lib/**'], forbids: [] }, ['LIB/a.ts'])).toEqual([
      { path: 'LIB/a.ts', why: 'outside' },
    ]);
    expect(protectedPaths(['.yard/**', '**/CLAUDE.md'], ['.Yard/config.yaml', 'sub/claude.md', 'src/a.ts'])).toEqual([
      '.Yard/config.yaml',
      'sub/claude.md',
    ]);
  });
});

describe('UserError', () => {
  test('is known by its shape', () => {
    const error = new UserError({ code: 'bad-task', message: 'no title', hint: 'add one', cause: 'x' });
    expect(error).toMatchObject({ code: 'bad-task', message: 'no title', hint: 'add one', exitCode: 2, cause: 'x' });
    expect(isUserError(error)).toBe(true);
    expect(isUserError(Object.assign(new Error('x'), { name: 'UserError', code: 'c', exitCode: 1 }))).toBe(true);
    expect(isUserError(new Error('x'))).toBe(false);
    expect(isUserError({ name: 'UserError', code: 'c', exitCode: 1 })).toBe(false);
  });

  test('a place is told as far as it is known', () => {
    expect(formatPlace({ file: 'a.md' })).toBe('a.md');
    expect(formatPlace({ file: 'a.md', line: 3 })).toBe('a.md:3');
    expect(formatPlace({ file: 'a.md', line: 3, column: 9 })).toBe('a.md:3:9');
    expect(formatPlace({ file: 'a.md', column: 9 })).toBe('a.md');
  });
});
