import { describe, expect, test } from 'vitest';
import { isUserError, type UserError } from '../core/user-error.ts';
import { formatTaskFile } from './task-file-writer.ts';
import { parseTaskFile } from './task-file.ts';

const FILE = '.yard/tasks/TASK-0001-rename.md';

const FULL = `---
id: TASK-0001
title: Rename the flag
area: cli
after: [TASK-0000]
owns: [src/cli/, docs/*.md]
forbids:
  - src/cli/legacy/
gate: fast
agent: claude:opus:high
priority: 2
supersedes: OLD-7
testPolicy: Add a test for each case.
---

## Objective

Rename \`--foo\` to \`--bar\`.

\`\`\`sh
# not a heading
\`\`\`

## Acceptance criteria

- [ ] \`--bar\` works
- [x] \`--foo\` warns,
  once in each run
* the help says so

## Context

### Where
See src/cli.
`;

function failure(text: string, file = FILE): UserError {
  try {
    parseTaskFile(text, file);
  } catch (error) {
    if (isUserError(error)) return error;
    throw error;
  }
  throw new Error('was read');
}

function task(matter: string, body = '\n## Objective\n\nDo it.\n'): string {
  return `---\n${matter}\n---\n${body}`;
}

describe('what is read', () => {
  test.each([
    ['codex:gpt-5.5,claude', 'codex:gpt-5.5, claude'],
    ['[codex:gpt-5.5, claude, codex:gpt-5.5]', 'codex:gpt-5.5, claude'],
    ['["a, b", c]', 'a, b, c'],
    ['","', null],
    ['[]', null],
  ])('agent: %s', (written, agent) => {
    const { spec } = parseTaskFile(FULL.replace('claude:opus:high', written), FILE);
    expect(spec.agent).toBe(agent);
    expect(parseTaskFile(formatTaskFile(spec), FILE).spec).toEqual(spec);
  });

  test('every field', () => {
    expect(parseTaskFile(FULL, FILE)).toEqual({
      spec: {
        id: 'TASK-0001',
        title: 'Rename the flag',
        area: 'cli',
        after: ['TASK-0000'],
        owns: ['src/cli/', 'docs/*.md'],
        forbids: ['src/cli/legacy/'],
        gate: 'fast',
        agent: 'claude:opus:high',
        priority: 2,
        supersedes: ['OLD-7'],
        testPolicy: 'Add a test for each case.',
        objective: 'Rename `--foo` to `--bar`.\n\n```sh\n# not a heading\n```',
        acceptance: ['`--bar` works', '`--foo` warns,\nonce in each run', 'the help says so'],
        context: '### Where\nSee src/cli.',
        extra: [],
      },
      warnings: [],
    });
  });

  test('headings of any of three levels, in any case, with a colon', () => {
    const { spec } = parseTaskFile(
      task('id: A-1\ntitle: t', '# OBJECTIVE:\nDo it.\n### acceptance criteria\n1. one\n2. two\n'),
      'a.md',
    );
    expect(spec).toMatchObject({ objective: 'Do it.', acceptance: ['one', 'two'] });
  });

  test('the title from the first heading, without the id; the objective from what stands before any section', () => {
    const { spec } = parseTaskFile(task('id: A-1', '# A-1: Do the thing\n\nAll of it.\n\n## Context\nx\n'), 'a.md');
    expect(spec).toMatchObject({ title: 'Do the thing', objective: 'All of it.', context: 'x', extra: [] });
  });

  test('nothing that was written is lost', () => {
    const body =
      '# Another heading\nbefore\n## Objective\nDo it.\n## Notes\nn\n#### deep\n## Acceptance\nMust hold:\n- a\n\nand then\n';
    const { spec } = parseTaskFile(task('id: A-1\ntitle: t', body), 'a.md');
    expect(spec.extra).toEqual([
      { heading: 'Another heading', text: '' },
      { heading: 'Introduction', text: 'before' },
      { heading: 'Notes', text: 'n\n#### deep' },
    ]);
    expect(spec.acceptance).toEqual(['Must hold:', 'a', 'and then']);
  });

  test('unknown keys are passed on with a warning', () => {
    const { spec, warnings } = parseTaskFile(task('id: A-1\ntitle: t\nowner: me\nprioritty: 2\nlinks: [a, b]'), 'a.md');
    expect(spec.extra).toEqual([
      { heading: 'owner', text: 'me' },
      { heading: 'prioritty', text: '2' },
      { heading: 'links', text: '[\n  "a",\n  "b"\n]' },
    ]);
    expect(warnings[1]).toBe(
      'a.md:5:1: unknown key "prioritty" (did you mean priority?); it is passed on to the agent',
    );
  });

  test('a forbidden part of an owned directory is fine', () => {
    const { spec } = parseTaskFile(task('id: A-1\ntitle: t\nowns: src/\nforbids: [src/gen/**, "**/*.lock"]'), 'a.md');
    expect(spec.forbids).toEqual(['src/gen/**', '**/*.lock']);
  });

  test('a file may be named freely as long as its name is no other id', () => {
    expect(parseTaskFile(task('id: A-1\ntitle: t'), '.yard/tasks/rename-flags-2.md').spec.id).toBe('A-1');
  });
});

describe('bad input, each with its place', () => {
  const t = 'title: t';
  test.each<[string, string, string, string]>([
    ['no front matter', '# hello\n', 'task-front-matter', '1:1: '],
    ['front matter without an end', '---\nid: A-1\n', 'task-front-matter', '1:1: '],
    ['broken YAML', task('id: A-1\ntitle: [x'), 'task-yaml', '4:1: this is not YAML'],
    ['a duplicate key', task('id: A-1\ntitle: a\ntitle: b'), 'task-yaml', '4:1: the key "title" stands twice'],
    ['__proto__', task('id: A-1\n__proto__: {}'), 'task-yaml', '3:1: the key __proto__ is refused'],
    ['front matter that is a list', task('- id'), 'task-type', '2:1: '],
    ['no id', task(t), 'task-id', '1:1: the task has no id'],
    ['a path as id', task(`id: ../../etc/cron.d/x\n${t}`), 'task-id', '2:1: "../../etc/cron.d/x" is not a task id'],
    ['an absolute path as id', task(`id: /etc/passwd-1\n${t}`), 'task-id', '2:1: '],
    ['a NUL in the id', task(`id: "A-1\\0"\n${t}`), 'task-id', '2:1: "A-1\\u0000" is not a task id'],
    ['an escape in the id', task(`id: "A\\e[31m-1"\n${t}`), 'task-id', '2:1: "A\\u001b[31m-1" is not a task id'],
    ['a line break in the id', task(`id: "A-1\\n"\n${t}`), 'task-id', '2:1: '],
    ['a device name as id', task(`id: CON\n${t}`), 'task-id', '2:1: '],
    ['look-alike letters in the id', task(`id: ТASK-1\n${t}`), 'task-id', '2:1: '],
    ['full-width digits in the id', task(`id: TASK-１\n${t}`), 'task-id', '2:1: '],
    ['a huge id', task(`id: A-${'1'.repeat(500_000)}\n${t}`), 'task-id', '2:1: '],
    ['a number as id', task(`id: 7\n${t}`), 'task-id', '2:1: 7 is not a task id'],
    ['no title', task('id: A-1'), 'task-no-title', '1:1: the task A-1 has no title'],
    [
      'a control character in the title',
      task('id: A-1\ntitle: "x\\e[2J"'),
      'task-control-character',
      '3:1: title has a control character: "x\\u001b[2J"',
    ],
    ['a long title', task(`id: A-1\ntitle: ${'x'.repeat(501)}`), 'task-too-long', '3:1: title is longer than 500'],
    ['a title that is a number', task('id: A-1\ntitle: 12'), 'task-type', '3:1: title must be text, not 12'],
    [
      'no objective',
      task(`id: A-1\n${t}`, '\n## Context\nx\n'),
      'task-no-objective',
      '5:1: the task A-1 has no objective',
    ],
    [
      'a priority that is text',
      task(`id: A-1\n${t}\npriority: high`),
      'task-type',
      '4:1: priority must be a whole number, not "high"',
    ],
    ['owns that is a map', task(`id: A-1\n${t}\nowns: { a: 1 }`), 'task-type', '4:1: owns must be a list of texts'],
    ['a number in a list', task(`id: A-1\n${t}\nowns: [a, 5]`), 'task-type', '4:11: owns must be a list of texts'],
    ['a dependency that is no id', task(`id: A-1\n${t}\nafter: [B-1, ../x]`), 'task-id', '4:14: after has "../x"'],
    [
      'a task that supersedes itself',
      task(`id: A-1\n${t}\nsupersedes: A-1`),
      'task-on-itself',
      '4:1: A-1 supersedes itself',
    ],
    [
      'scope outside the repository',
      task(`id: A-1\n${t}\nowns: [src, ../other]`),
      'task-scope',
      '4:13: the pattern "../other" in owns leads out',
    ],
    [
      'absolute scope',
      task(`id: A-1\n${t}\nforbids: /etc`),
      'task-scope',
      '4:1: the pattern "/etc" in forbids is absolute',
    ],
    [
      'a forbidden path that is owned',
      task(`id: A-1\n${t}\nowns: [src/a, b]\nforbids: [c, b]`),
      'task-scope-overlap',
      '5:14: forbids b takes away all of b',
    ],
    [
      'a forbidden path that covers an owned one',
      task(`id: A-1\n${t}\nowns: src/a.ts\nforbids: [src/**]`),
      'task-scope-overlap',
      '5:11: forbids src/** takes away all of src/a.ts',
    ],
  ])('%s', (_name, text, code, start) => {
    const error = failure(text, 'a.md');
    expect(error.message.startsWith(`a.md:${start}`), error.message).toBe(true);
    expect(error).toMatchObject({ code, exitCode: 2, place: { file: 'a.md' } });
    expect(error.hint).toBeTruthy();
    expect(error.message.length).toBeLessThan(300);
  });

  test('more than a mebibyte', () => {
    expect(failure(task('id: A-1', 'x'.repeat(1024 * 1024)))).toMatchObject({ code: 'task-too-large' });
  });

  test('an id that the name of the file contradicts', () => {
    const error = failure(task('id: TASK-2\ntitle: t'));
    expect(error).toMatchObject({ code: 'task-id-file-name', place: { file: FILE, line: 2, column: 1 } });
    expect(error.message).toBe(`${FILE}:2:1: the id is TASK-2, but the name of the file says TASK-0001`);
  });
});
