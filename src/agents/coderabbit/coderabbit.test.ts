import { expect, test } from 'vitest';

import { exitWith, hear } from '../../../test/fixtures/agents/hear.ts';
import type { Turn } from '../agent.ts';
import { CODERABBIT } from './coderabbit.ts';

// Nobody here has an account: what is known of it is its documentation.

const turn = { home: '/home/of/it', baseCommit: 'a'.repeat(40) } as Turn;
const SETTINGS = { name: 'coderabbit', run: null, effort: null, protocol: null, accountHome: null };

test('it reviews what has changed since the base, in a home of its own', () => {
  const { argv, env, input } = CODERABBIT.invoke(turn, { ...SETTINGS, model: 'uncommitted' }, ['coderabbit']);
  expect(argv.join(' ')).toBe(
    `/usr/bin/env HOME=/home/of/it coderabbit review --plain --no-color --type uncommitted --base-commit ${'a'.repeat(40)}`,
  );
  expect({ env, input }).toEqual({ env: {}, input: '' });
  expect(CODERABBIT.invoke(turn, { ...SETTINGS, model: null }, ['coderabbit']).argv).toContain('all');
});

test('what it prints is text, and no report of a task', () => {
  const { protocol } = CODERABBIT.invoke(turn, { ...SETTINGS, model: null }, ['coderabbit']);
  const { events } = hear(protocol, ['File: a.ts', '', 'Review completed']);
  expect(events).toEqual([
    { kind: 'text', text: 'File: a.ts' },
    { kind: 'text', text: 'Review completed' },
  ]);
  expect(protocol.judge(exitWith(0))).toEqual({ kind: 'ended', message: null });
  expect(protocol.judge(exitWith(1)).kind).toBe('failed');
});
