import { describe, expect, test } from 'vitest';
import type { TaskSpec } from '../core/task.ts';
import { specsOf } from './backlog-specs.ts';
import { type BacklogFormat, formatOf, readBacklog } from './backlog-text.ts';

const POLICY = {
  preflight: { requireAcceptance: true },
  gates: { default: {} },
  agents: { script: { kind: 'command' as const } },
};

function plan(text: string, format: BacklogFormat, known: readonly TaskSpec[] = []) {
  const backlog = readBacklog(text, 'x', format);
  let last = 0;
  const nextId = (): string => `TASK-${String((last += 1)).padStart(4, '0')}`;
  const there = known.map((spec) => ({ id: spec.id, spec, open: true }));
  const { specs, problems } = specsOf(backlog.drafts, there, POLICY, nextId);
  const told = [...backlog.problems, ...problems].map(
    ({ place, message }) => `${place.line}:${place.column}: ${message}`,
  );
  return { specs, told, notes: backlog.notes };
}

const BOMB = 'bcdefghi'
  .split('')
  .reduce(
    (text, name, index) => `${text}${name}: &${name} [${`*${'abcdefgh'[index] ?? ''},`.repeat(9)}]\n`,
    'a: &a [1,1,1,1,1,1,1,1,1]\n',
  );

const ENTRIES = [
  { key: 'cart', title: 'Move the cart', acceptance: ['it moves'], owns: ['src/cart'] },
  { title: 'Then the stock', acceptance: 'one', after: ['cart'], priority: 2, owner: 'me', supersedes: [] },
  { id: 'BUG-7', title: 'A bug', objective: 'Two\nlines', acceptance: ['a', 'b\nc'], after: ['TASK-0001'] },
];
const SPECS = [
  { id: 'TASK-0001', title: 'Move the cart', objective: 'Move the cart', owns: ['src/cart'], after: [] },
  { id: 'TASK-0002', after: ['TASK-0001'], priority: 2, extra: [{ heading: 'owner', text: 'me' }] },
  { id: 'BUG-7', objective: 'Two\nlines', acceptance: ['a', 'b\nc'], after: ['TASK-0001'] },
];

describe('a list of tasks', () => {
  test.each<[string, BacklogFormat, string]>([
    ['JSON', 'json', JSON.stringify(ENTRIES, null, 2)],
    ['JSON with a key', 'json', JSON.stringify({ tasks: ENTRIES })],
    ['YAML', 'yaml', `tasks: ${JSON.stringify(ENTRIES)}\n`],
    ['NDJSON', 'ndjson', `${ENTRIES.map((entry) => JSON.stringify(entry)).join('\n\n')}\n`],
  ])('as %s', (_name, format, text) => {
    const { specs, told, notes } = plan(text, format);
    expect(told).toEqual([]);
    expect(specs).toMatchObject(SPECS);
    expect(notes).toMatchObject([expect.stringMatching(/^x:\d+:\d+: unknown key "owner"/)]);
    expect(formatOf(`backlog.${format}`, '')).toBe(format === 'markdown' ? null : format);
  });

  test('what is written in is seen by the text where the name does not say', () => {
    expect(formatOf('stdin', ' [')).toBe('json');
    expect(formatOf('stdin', '{"tasks": [\n]}')).toBe('json');
    expect(formatOf('stdin', '{"title": "a"}\n{"title": "b"}\n')).toBe('ndjson');
    expect(formatOf('stdin', '# Tasks\n')).toBe('markdown');
    expect(formatOf('stdin', 'title: a')).toBeNull();
  });

  test('all that is wrong is told, each with its place', () => {
    const text = `[
  {"title": "a", "acceptance": [1], "owns": ["../x"]},
  {"title": "b", "acceptance": ["x"], "after": ["nowhere"], "id": "../../etc/passwd"},
  {"acceptance": ["x"], "priority": "high"},
  {"title": "c\\u001b[31m", "acceptance": ["x"]},
  {"title": "d", "gate": "none", "agent": "none:x"},
  7
]`;
    expect(plan(text, 'json').told.toSorted()).toEqual(
      [
        '2:33: acceptance must be text',
        '2:3: the pattern "../x" in owns leads out of the repository',
        '3:3: "../../etc/passwd" is not a task id',
        '3:3: after names "nowhere", which is neither a task nor the key of an entry',
        '4:25: priority must be a whole number, not "high"',
        '4:3: the task has no title',
        '5:4: title has a control character: "c\\u001b[31m"',
        '6:3: the task cannot start as it is: it has no acceptance criteria; list them under ## Acceptance criteria',
        '6:3: the task cannot start as it is: its agent "none" is not in the configuration; known: script',
        '6:3: the task cannot start as it is: its gate "none" is not in the configuration; known: default',
        '7:3: a task must be a map of keys',
      ].toSorted(),
    );
  });

  test('ids and twins and cycles are looked at in the whole list, and beside what there is', () => {
    const known = plan('[{"id": "OLD-1", "title": "Old", "acceptance": ["x"]}]', 'json').specs;
    const entry = (rest: object): object => ({ acceptance: ['x'], ...rest });
    const text = JSON.stringify([
      entry({ id: 'old-1', title: 'a' }),
      entry({ id: 'A-1', title: 'b', after: ['A-2'] }),
      entry({ id: 'A-2', title: 'c', after: ['a-1'] }),
      entry({ id: 'A-2', title: 'd' }),
      entry({ title: ' old' }),
      entry({ title: 'e' }),
      entry({ title: 'E' }),
      entry({ title: 'Old', supersedes: ['OLD-1'] }),
      entry({ id: 'B-1', title: 'f', supersedes: ['B-2'] }),
      entry({ id: 'B-2', title: 'g', supersedes: ['B-1', 'OLD-1'] }),
    ]);
    expect(plan(text, 'json', known).told.map((line) => line.replace(/^.*?: /, ''))).toEqual([
      'there is a task old-1 already',
      'another entry has the id A-2 already',
      'dependencies form a cycle: A-2 → A-1 → A-2',
      'it asks for the same as OLD-1 ("Old"): same objective, same owned paths',
      'it asks for the same as TASK-0002 ("e"): same objective, same owned paths',
      'it asks for the same as TASK-0001 ("old"): same objective, same owned paths',
      "they would take each other's place: B-2 → B-1 → B-2",
    ]);
  });

  test.each<[string, BacklogFormat, string, RegExp]>([
    ['nothing', 'json', '[]', /1:1: there is no task in it/],
    ['no list', 'json', '{"task": []}', /1:1: it must be a list of tasks/],
    ['a deep nest', 'json', '['.repeat(1_000_000), /1:52: the JSON is nested deeper/],
    ['a deep nest', 'yaml', '['.repeat(1_000), /nested deeper than 50/],
    ['a bomb', 'yaml', BOMB, /expands to too many values/],
    ['too many', 'ndjson', '{"title":"x","acceptance":["x"]}\n'.repeat(10_001), /more than 10000 tasks/],
    ['lines that are broken', 'ndjson', '{"title":\n{"title"', /^1:10: this is not JSON: it ends too early/],
  ])('%s is refused', (_name, format, text, told) => {
    const backlog = readBacklog(text, 'x', format);
    const [{ place, message } = { place: { line: 0, column: 0 }, message: '' }] = backlog.problems;
    expect(`${place.line}:${place.column}: ${message}`).toMatch(told);
  });
});

describe('a checklist', () => {
  const LIST = `# Backlog

Some words about it.

## Cart
- [ ] Move the cart {owns: \`src/cart\`, src/{a,b}/**; key: cart; priority: 3}
  It lies in the wrong place.
  - [ ] it moves
  - nothing is left
    of it

  Mind the gap.
- [x] Done long ago
  - not any more
* [ ] Then the stock (see RFC 7) (after: cart, BUG-1)
    - done
- [ ] With code
  - prints

    \`\`\`
- [ ] no task
    \`\`\`
`;

  test('has tasks, their criteria and their context', () => {
    const bug = plan('[{"id": "BUG-1", "title": "Old", "acceptance": ["x"]}]', 'json').specs;
    const { specs, told, notes } = plan(LIST, 'markdown', bug);
    expect(told).toEqual([]);
    expect(specs).toMatchObject([
      {
        id: 'TASK-0001',
        title: 'Move the cart',
        owns: ['src/cart', 'src/{a,b}/**'],
        priority: 3,
        acceptance: ['it moves', 'nothing is left\nof it'],
        context: 'It lies in the wrong place.\nMind the gap.',
      },
      { id: 'TASK-0002', title: 'Then the stock (see RFC 7)', after: ['TASK-0001', 'BUG-1'], acceptance: ['done'] },
      { id: 'TASK-0003', title: 'With code', acceptance: ['prints\n\n```\n- [ ] no task\n```'] },
    ]);
    expect(notes).toEqual([
      'x:3:1: this belongs to no task, and was left out',
      'x:13:1: "Done long ago" is ticked off, and was left out',
    ]);
  });

  test('tells what is wrong, each with its place', () => {
    const text = '- [ ] a {prio: 1}\n  - x\n- [ ] b {priority: high}\n  - x\n- [ ] c\n- [ ] d {id: ../x}\n  - x\n';
    expect(plan(text, 'markdown').told).toEqual([
      '1:9: unknown key "prio"',
      '3:9: priority must be a whole number, not "high"',
      '5:7: the task cannot start as it is: it has no acceptance criteria; list them under ## Acceptance criteria',
      '6:7: "../x" is not a task id',
    ]);
  });
});

describe('a very large list', () => {
  const line = '- [ ] ';
  test.each<[string, BacklogFormat, string]>([
    ['groups', 'markdown', `${line}x${' {area: b}'.repeat(200_000)}`],
    ['braces', 'markdown', `${line}x ${'{'.repeat(1_000_000)}${'}'.repeat(1_000_000)}`],
    ['lines of context', 'markdown', `${line}x\n${'  y\n'.repeat(150_000)}`],
    ['lines of criteria', 'markdown', `${line}x\n${'  - y\n'.repeat(100_000)}`],
    ['keys', 'json', `[{${Array.from({ length: 200_000 }, (_, index) => `"k${index}": 1`).join(',')}}]`],
    ['text', 'json', JSON.stringify([{ title: 'x', context: 'y'.repeat(8_000_000) }])],
    ['escapes', 'json', `[{"title": "${'\\u0041'.repeat(1_000_000)}"}]`],
  ])('of %s is refused with a sentence (%s)', (_name, format, text) => {
    expect(plan(text, format).told.length).toBeGreaterThan(0);
  });
});
