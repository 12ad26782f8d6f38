import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { tidyChain } from '../core/agent-spec.ts';
import type { TaskSpec } from '../core/task.ts';
import { changedSpec, type TaskChange } from '../core/task-change.ts';
import { isUserError } from '../core/user-error.ts';
import { editTaskFile } from './task-edit.ts';
import { formatTaskFile } from './task-file-writer.ts';
import { parseTaskFile } from './task-file.ts';

const FILE = '.yard/tasks/x.md';
const HAND = `---
# what it is
id: TASK-1   # never to change
"title": 'Rename: the flag' # as in the help

owns: # only these
  # the program
  - src/cli.ts  # where it is read
  - "docs/*.md"
forbids: [src/gen/**, "a b"]
after:
- TASK-7
priority: 3 # soon
owner: {name: me, at: [1, 2]}
---

Before all.

## Objective

Rename it.

### In full

All of it.

## Notes
- [x] mine

## Acceptance criteria
* [x] one
* two

   
## Context
Some.
`;

const word = fc.constantFrom(
  'src/a.ts',
  'docs/*.md',
  'src/cli.ts',
  'lib/',
  'a b',
  'src/gen/x',
  'true',
  '#x',
  'x: y',
  'ü',
);
const id = fc.constantFrom('TASK-7', 'TASK-8', 'Fix_2-3');
const line = fc.constantFrom(
  'plain',
  'with: colon',
  '"quoted"',
  'a #b',
  '- dash',
  "it's",
  '{x}',
  '*a',
  '7',
  'null',
  '  wide  ',
);
const block = fc.constantFrom(
  'one line',
  'two\nlines',
  '# heading',
  '```\nopen',
  '- a list\n- of two',
  'x\n\n## Context\ny',
  '---',
);
const listOf = (entry: fc.Arbitrary<string>) =>
  fc.oneof(
    fc.record({ set: fc.uniqueArray(entry, { maxLength: 3 }) }),
    fc.record({ add: fc.uniqueArray(entry, { maxLength: 2 }), drop: fc.uniqueArray(entry, { maxLength: 2 }) }),
  );
const orNull = (entry: fc.Arbitrary<string>) => fc.option(entry, { nil: null });
const change: fc.Arbitrary<TaskChange> = fc.record(
  {
    title: line,
    objective: block,
    context: block,
    area: orNull(line),
    gate: orNull(line),
    agent: orNull(line),
    testPolicy: orNull(line),
    priority: fc.integer({ min: -5, max: 5 }),
    owns: listOf(word),
    after: listOf(id),
    acceptance: listOf(line),
  },
  { requiredKeys: [] },
);

const files = fc.constantFrom(
  HAND,
  HAND.replaceAll('\n', '\r\n'),
  `\uFEFF${HAND}`,
  HAND.slice(0, HAND.indexOf('## Notes')),
  '---\nid: TASK-1\n---\n# TASK-1: A heading for a title\nDo it.\n',
  '---\n{id: TASK-1, title: t}\n---\nDo it.',
  '---\nid: TASK-1\ntitle: >\n  folded\nowns: &o src/a.ts\narea: *o\n...\nDo it.',
  formatTaskFile({ ...parseTaskFile(HAND, FILE).spec }),
);

function tried(text: string, wanted: TaskChange): { text: string; spec: TaskSpec } | string {
  try {
    return editTaskFile(text, wanted, FILE);
  } catch (error) {
    if (!isUserError(error)) throw error;
    return error.code;
  }
}

const trimmed = (spec: TaskSpec): TaskSpec => {
  const lines = (texts: readonly string[]): readonly string[] => texts.map((text) => text.trim());
  const one = (text: string | null): string | null => text?.trim() ?? null;
  return {
    ...spec,
    title: spec.title.trim(),
    area: one(spec.area),
    gate: one(spec.gate),
    agent: tidyChain(spec.agent ?? ''),
    testPolicy: one(spec.testPolicy),
    acceptance: lines(spec.acceptance),
  };
};

describe('an edit in place', () => {
  test('makes the task what the change says, or says that it cannot', () => {
    fc.assert(
      fc.property(files, change, (text, wanted) => {
        const before = parseTaskFile(text, FILE).spec;
        const result = tried(text, wanted);
        if (typeof result === 'string') expect(result).toMatch(/^task-/);
        else {
          expect(result.spec).toEqual(trimmed(changedSpec(before, wanted)));
          expect(parseTaskFile(result.text, FILE).spec).toEqual(result.spec);
        }
      }),
      { numRuns: 150 },
    );
  });

  test('leaves every line as it was that the change is not about', () => {
    const about: Readonly<Record<string, RegExp>> = {
      priority: /^priority|^$/,
      area: /^area|^$/,
      owns: /^(owns| {2}- )|^$/,
      after: /^(after|- | {2}- )|^$/,
    };
    fc.assert(
      fc.property(fc.constantFrom('priority', 'area', 'owns', 'after'), change, (key, wanted) => {
        const value = wanted[key as keyof TaskChange];
        const result = tried(HAND, value === undefined ? {} : { [key]: value });
        // These forms can all be changed in place; only what would be no task is refused.
        expect(result).not.toBe('task-edit');
        if (typeof result === 'string') return;
        const strange = (text: string): string[] =>
          text.split('\n').filter((each) => about[key]?.test(each) !== true && !each.startsWith('  # the program'));
        expect(strange(result.text)).toEqual(strange(HAND));
      }),
    );
  });

  test('that changes nothing gives the very text', () => {
    fc.assert(
      fc.property(files, (text) => {
        const { priority, owns, objective } = parseTaskFile(text, FILE).spec;
        expect(editTaskFile(text, { priority, owns: { set: owns }, objective }, FILE).text).toBe(text);
      }),
    );
  });
});
