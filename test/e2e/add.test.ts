import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { expectRefused } from '../fixtures/e2e/expect-refused.ts';
import { makeYard } from '../fixtures/e2e/yard.ts';

const ALL = [
  'Rename the flag',
  '--objective',
  'Rename --old to --new\nin all places.',
  '--accept',
  'no --old is left',
  '--accept',
  'the help names --new',
  '--owns',
  'src/',
  '--owns',
  'docs/*.md',
  '--forbids',
  'src/generated/',
  '--after',
  'TASK-0001',
  '--context',
  'See the style guide.',
  '--area',
  'cli',
  '--gate',
  'quick',
  '--agent',
  'script:large:high',
  '--priority',
  '7',
  '--test-policy',
  'none',
  '--json',
];

describe('yard add', () => {
  test('writes what it was told, and the yard reads it back', async () => {
    const made = await makeYard({ config: { gates: { quick: { run: 'true' } } } });
    const first = await made.yard(['add', 'Do a first thing', '--accept', 'it is done']);
    expect(first).toMatchObject({
      code: 0,
      stdout: 'TASK-0001: Do a first thing (.yard/tasks/TASK-0001-do-a-first-thing.md)\n',
      stderr: '',
    });
    const second = await made.yard(['add', ...ALL]);
    expect(second).toMatchObject({ code: 0, stderr: '' });
    const fields = {
      id: 'TASK-0002',
      title: 'Rename the flag',
      objective: 'Rename --old to --new\nin all places.',
      acceptance: ['no --old is left', 'the help names --new'],
      owns: ['src/', 'docs/*.md'],
      forbids: ['src/generated/'],
      after: ['TASK-0001'],
      context: 'See the style guide.',
      area: 'cli',
      gate: 'quick',
      agent: 'script:large:high',
      priority: 7,
      testPolicy: 'none',
      supersedes: [],
    };
    const path = '.yard/tasks/TASK-0002-rename-the-flag.md';
    expect(JSON.parse(second.stdout)).toMatchObject({ path, ...fields });
    expect(await readFile(join(made.root, path), 'utf8')).toMatch(/^---\nid: TASK-0002\n/);
    const plan = await made.yard(['reconcile', '--dry-run', '--json']);
    expect(JSON.parse(plan.stdout)).toMatchObject({
      dryRun: true,
      imported: { added: ['TASK-0001', 'TASK-0002'] },
      commands: [{ kind: 'dispatch', taskId: 'TASK-0001' }],
    });
    // The same again, for the store: what was added is what runs.
    await made.yard(['reconcile', '--drain']);
    expect(await made.read(async (reader) => (await reader.task('TASK-0002'))?.spec)).toMatchObject(fields);
    expect(await made.yard(['add', 'With an id', '--id', 'BUG-7', '--accept', 'x'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^BUG-7: /),
    });
  });

  test('refuses what could not start, and writes nothing', async () => {
    const made = await makeYard({ tasks: [{ id: 'TASK-0001', title: 'Tidy up', owns: ['src/'] }] });
    const accept = ['--accept', 'done'];
    const cases: readonly (readonly [args: readonly string[], error: RegExp, hint: RegExp])[] = [
      [[], /^the task has no title$/, /yard add/],
      [['x'], /^the task cannot start as it is: it has no acceptance criteria/, /yard add --help/],
      [['x', ...accept, '--after', 'TASK-0009'], /^there is no task TASK-0009$/, /Add it first/],
      [['x', ...accept, '--supersedes', 'TASK-0009'], /^there is no task TASK-0009$/, /Add it first/],
      [['x', ...accept, '--id', 'TASK-0002', '--after', 'TASK-0002'], /TASK-0002/, /./],
      [['x', ...accept, '--id', '../x'], /^"\.\.\/x" is not a task id$/, /TASK-0001/],
      [['x', ...accept, '--id', 'task-0001'], /^there is a task task-0001 already$/, /another id/],
      [['x', ...accept, '--gate', 'none'], /its gate "none" is not in the configuration; known: default/, /./],
      [['x', ...accept, '--agent', 'none:m'], /its agent "none" is not in the configuration; known: script/, /./],
      [
        ['x', ...accept, '--owns', '../y'],
        /^TASK-0002\.md:\d+:\d+: the pattern "\.\.\/y" in owns leads out/,
        /relative to the root/,
      ],
      [['x', ...accept, '--owns', 'a.ts', '--forbids', '**'], /forbids/, /./],
      [
        ['Tidy up.', '--objective', 'Tidy  up.', ...accept, '--owns', 'src/'],
        /^TASK-0001 asks for the same already: same objective, same owned paths$/,
        /--supersedes TASK-0001/,
      ],
    ];
    for (const [args, error, hint] of cases) await expectRefused(made, ['add', ...args], { error, hint });
    const usage = await made.yard(['add', 'x', '--priority', 'high']);
    expect(usage).toMatchObject({ code: 2, stderr: expect.stringContaining("argument 'high' is invalid") });
    expect(await made.yard(['add', 'x', '--no-such-option'])).toMatchObject({ code: 2 });
    expect(await made.yard(['frobnicate'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("unknown command 'frobnicate'"),
    });
  });

  test('a twin that names what it replaces takes its place', async () => {
    const made = await makeYard({ tasks: [{ id: 'TASK-0001', title: 'Tidy up', owns: ['src/'], does: 'false' }] });
    await made.yard(['reconcile', '--drain']);
    const args = [
      'add',
      'Tidy up',
      '--objective',
      'Tidy up.',
      '--accept',
      'tidy',
      '--owns',
      'src/',
      '--supersedes',
      'TASK-0001',
    ];
    expect(await made.yard(args)).toMatchObject({ code: 0 });
    await made.does('TASK-0002', 'mkdir -p src; echo tidy > src/a.txt');
    expect(await made.yard(['run'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('1 landed, 1 superseded'),
    });
    expect(await made.yard(['why', 'TASK-0001'])).toMatchObject({ stdout: 'TASK-0001 was superseded by TASK-0002\n' });
  });
});
