import { expect, test } from 'vitest';
import type { TaskChange } from '../core/task-change.ts';
import { editTaskFile } from './task-edit.ts';

const FILE = '.yard/tasks/TASK-1.md';
const TEXT = `---
# for the release
id: TASK-1
title: Rename # short
owns:
  - src/cli.ts # the program
  - docs/cli.md
priority: 2 # soon
---
## Objective

Rename it.

## Notes

Mine.

## Acceptance criteria

- [x] one
`;

function edited(change: TaskChange, text = TEXT): string {
  return editTaskFile(text, change, FILE).text;
}

test.each<[string, TaskChange, string, string]>([
  ['a number', { priority: 9 }, 'priority: 2 # soon', 'priority: 9 # soon'],
  ['the default takes the line away', { priority: 0 }, 'priority: 2 # soon\n', ''],
  ['text', { title: 'Rename: all' }, 'title: Rename # short', 'title: "Rename: all" # short'],
  ['an entry more', { owns: { add: ['src/x'], drop: [] } }, '  - docs/cli.md\n', '  - docs/cli.md\n  - src/x\n'],
  ['an entry less', { owns: { add: [], drop: ['docs/cli.md'] } }, '  - docs/cli.md\n', ''],
  [
    'another list',
    { owns: { set: ['lib/'] } },
    'owns:\n  - src/cli.ts # the program\n  - docs/cli.md\n',
    'owns:\n  - lib/\n',
  ],
  ['a key that was not there', { area: 'cli' }, 'priority: 2 # soon\n', 'priority: 2 # soon\narea: cli\n'],
  ['agents', { agent: 'codex:big,claude' }, 'priority: 2 # soon\n', 'priority: 2 # soon\nagent: "codex:big, claude"\n'],
  ['a section', { objective: 'Do it.\n# all' }, 'Rename it.', 'Do it.\n\\# all'],
  ['a criterion more', { acceptance: { add: ['two'], drop: [] } }, '- [x] one', '- [x] one\n- two'],
  ['other criteria', { acceptance: { set: ['two', 'three'] } }, '- [x] one', '- two\n- three'],
  ['a section that was not there', { context: 'See x.' }, '- [x] one\n', '- [x] one\n\n## Context\n\nSee x.\n'],
])('%s', (_name, change, before, after) => {
  expect(edited(change)).toBe(TEXT.replace(before, after));
});

test('a title that is a heading stays one', () => {
  const text = '---\nid: TASK-1\n---\n# TASK-1: Old\nDo it.\n';
  expect(edited({ title: 'New' }, text)).toBe(text.replace('Old', 'New'));
});

test('a list in brackets stays one', () => {
  const text = '---\nid: TASK-1\ntitle: t\nowns: [a, "b c"] # two\n---\nDo it.\n';
  expect(edited({ owns: { add: ['x,y'], drop: ['a'] } }, text)).toBe(text.replace('[a, "b c"]', '["b c", "x,y"]'));
});

test.each<[string, string, TaskChange, string]>([
  ['a map in braces', '---\n{id: TASK-1, title: t}\n---\nDo it.\n', { priority: 1 }, 'task-edit'],
  [
    'two objectives',
    '---\nid: TASK-1\ntitle: t\n---\n# Objective\na\n# Objective\nb\n',
    { objective: 'c' },
    'task-edit',
  ],
  ['an empty title', TEXT, { title: ' ' }, 'task-no-title'],
  ['an empty objective', TEXT, { objective: '\n' }, 'task-no-objective'],
  ['a scope outside', TEXT, { owns: { set: ['../x'] } }, 'task-scope'],
  ['no id', TEXT, { after: { set: ['../x'] } }, 'task-id'],
])('%s is refused', (_name, text, change, code) => {
  expect(() => edited(change, text)).toThrow(expect.objectContaining({ code }) as Error);
});
