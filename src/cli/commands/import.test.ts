import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { atTerminal } from '../../../test/fixtures/yard/at-terminal.ts';
import type { Said } from '../../../test/fixtures/yard/at-terminal.ts';
import { openDriven } from '../../../test/fixtures/yard/driven.ts';
import type { DrivenYard } from '../../../test/fixtures/yard/driven.ts';
import type { ForeignSystem } from '../../trackers/foreign-backlog.ts';
import { LocalTaskSource } from '../../trackers/local-files.ts';
import { importCommand } from './import.ts';
import type { ImportOptions } from './import.ts';

async function foreign(driven: DrivenYard, files: Readonly<Record<string, string | object>>): Promise<string> {
  const path = driven.local.path('theirs');
  for (const [name, content] of Object.entries(files)) {
    const file = join(path, name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
  }
  return path;
}

function importAll(
  driven: DrivenYard,
  system: ForeignSystem,
  path: string,
  options: ImportOptions = {},
): Promise<Said> {
  return atTerminal(driven, (context) => importCommand(context, system, path, options));
}

async function specsIn(driven: DrivenYard) {
  const { imports } = await new LocalTaskSource(driven.local.parts.source.path).changes([]);
  return imports.map(({ spec }) => spec);
}

const notesOf = ({ talk }: Said): string[] => [...talk.matchAll(/^warning: (.*)$/gm)].map(([, note = '']) => note);

describe('tasks of oompa', () => {
  const FILES = {
    'tasks/pending/fix-cart-1.json': {
      id: 'fix-cart-1',
      summary: 'Fix the cart',
      description: 'It adds twice.',
      acceptance: ['it adds once'],
      target_files: ['src/cart.ts', '/etc/passwd'],
      priority: 'P1',
      difficulty: 'hard',
      dependencies: ['old', 'CART-7', 'nowhere'],
    },
    'tasks/current/CART-7.json': { id: 'CART-7', summary: 'Move it', acceptance: ['it moves'], files: ['src/cart'] },
    'tasks/complete/old.json': { id: 'old', summary: 'Done', 'merged-commit': 'abc' },
    'tasks/pending/older.edn': '{:id "older"}',
  };

  test('are taken over with all that can be said here, and the rest is told', async () => {
    const driven = await openDriven();
    const said = await importAll(driven, 'oompa', await foreign(driven, FILES));
    expect(said.code).toBe(0);
    expect(await specsIn(driven)).toMatchObject([
      { id: 'CART-7', title: 'Move it', objective: 'Move it', owns: ['src/cart'], priority: 0, after: [] },
      {
        id: 'TASK-0001',
        title: 'Fix the cart',
        objective: 'It adds twice.',
        acceptance: ['it adds once'],
        owns: ['src/cart.ts'],
        after: ['CART-7'],
        priority: 999,
        extra: [
          { heading: 'difficulty', text: 'hard' },
          { heading: 'Files', text: '- /etc/passwd' },
          { heading: 'Former id', text: 'fix-cart-1' },
          { heading: 'Named but not there', text: '- after: old\n- after: nowhere' },
        ],
      },
    ]);
    expect(notesOf(said)).toEqual([
      'tasks/pending/older.edn was left out: it is no JSON',
      'tasks/pending/fix-cart-1.json: fix-cart-1: this is no pattern, and was kept as text only: /etc/passwd',
      'tasks/current/CART-7.json: CART-7: somebody had claimed it; here it starts anew, and what was done there is not taken over',
      'old (Done) was left out: it is complete',
      'tasks/pending/fix-cart-1.json: fix-cart-1: after names old, which was left out, for it is over; it is kept as text only',
      'tasks/pending/fix-cart-1.json: fix-cart-1: after names nowhere, which is not there; it is kept as text only',
      'tasks/pending/fix-cart-1.json: fix-cart-1: it gets another id: this one is none of ours',
    ]);
  });

  test('with one that is broken, none is taken over', async () => {
    const driven = await openDriven();
    const path = await foreign(driven, {
      ...FILES,
      'tasks/pending/a.json': '{"id": "a",',
      'tasks/pending/b.json': { id: 'b' },
      'tasks/pending/c.json': { id: 'c', summary: 'No criteria' },
    });
    const { error } = await importAll(driven, 'oompa', path);
    expect(error?.message.split('\n')).toEqual([
      expect.stringMatching(/^tasks\/pending\/a\.json:1:12: this is not JSON/),
      'and 2 more:',
      '  tasks/pending/b.json:1:1: it is no task of oompa: it lacks id or summary',
      expect.stringMatching(/^ {2}tasks\/pending\/c\.json:1:1: the task cannot start as it is: it has no acceptance/),
    ]);
    expect(await specsIn(driven)).toEqual([]);
    const other = await foreign(driven, { 'other/pending/c.json': { id: 'c', summary: 'No criteria' } });
    await importAll(driven, 'oompa', join(other, 'other'), { accept: ['it is done'] });
    expect(await specsIn(driven)).toMatchObject([{ acceptance: ['it is done'] }]);
  });
});

describe('tasks of glueRun', () => {
  const task = (id: string, title: string, header: string, more = ''): string => `# ${id}: ${title}

Status: ready
Area: cart
DAG node: cart.move
Target branch: agent/integration
${header}

## Objective

${title} as it is.

## Scope

### Owned files

- \`src/cart/\`
- src/shared.ts

### Forbidden files

- None

## Acceptance Criteria

- [ ] it moves

## Prerequisites

None known.
${more}`;
  const FILES = {
    'docs/orchestration/tasks/TASK-0001.md': task('TASK-0001', 'Done', 'Depends on: none').replace(
      'ready',
      'integrated',
    ),
    'docs/orchestration/tasks/TASK-0002.md': task(
      'TASK-0002',
      'Move the cart',
      'Test policy: strict_test_first\nGate command: `npm test`\nDispatch mode: canonical\nDepends on: TASK-0001, TASK-0003\nSupersedes: none',
      '\n## Recovery seed\n\nKeep this.\n\n## Context packet\n\n### Decisions\n\n- as it was\n',
    ),
    'docs/orchestration/tasks/TASK-0003.md': task('TASK-0003', 'Move the stock', 'Gate command: make odd').replace(
      'Status: ready',
      '- **Status:** needs-human',
    ),
    'docs/orchestration/tasks/TEMPLATE.md': '# TASK-NNNN: …',
    'docs/orchestration/tasks/superseded/TASK-0000.md': 'x',
    'docs/orchestration/dag.v0.json': {},
  };

  test('are taken over with all that can be said here, and the rest is told', async () => {
    const driven = await openDriven({ config: { gates: { default: { run: 'true' }, quick: { run: 'npm test' } } } });
    const path = await foreign(driven, FILES);
    const said = await importAll(driven, 'gluerun', path, { json: true });
    expect(said.code).toBe(0);
    const [cart, stock, ...rest] = await specsIn(driven);
    expect(rest.map(({ id, title }) => [id, title])).toEqual([]);
    expect(cart).toEqual({
      id: 'TASK-0002',
      title: 'Move the cart',
      objective: 'Move the cart as it is.',
      acceptance: ['it moves'],
      context: '### Decisions\n\n- as it was',
      area: 'cart',
      owns: ['src/cart/', 'src/shared.ts'],
      forbids: [],
      after: ['TASK-0003'],
      gate: 'quick',
      agent: null,
      priority: 0,
      supersedes: [],
      testPolicy: 'strict_test_first',
      extra: [
        { heading: 'Prerequisites', text: 'None known.' },
        { heading: 'Recovery seed', text: 'Keep this.' },
        {
          heading: 'From glueRun',
          text: '- dag node: cart.move\n- target branch: agent/integration\n- gate command: npm test\n- dispatch mode: canonical',
        },
        { heading: 'Named but not there', text: '- after: TASK-0001' },
      ],
    });
    expect(stock).toMatchObject({ id: 'TASK-0003', gate: null, testPolicy: null });
    const { notes } = JSON.parse(said.out) as { notes: string[] };
    const prefix = 'docs/orchestration/tasks/';
    expect(notes.map((note) => note.replace(prefix, ''))).toEqual([
      'superseded/TASK-0000.md was left out: it is superseded',
      expect.stringContaining('dag.v0.json was left out'),
      'TASK-0001 (Done) was left out: it is integrated',
      expect.stringContaining('TASK-0003.md: TASK-0003: it was needs-human there'),
      'TASK-0003.md: TASK-0003: its gate command is no gate of the configuration; the default gate is used: make odd',
      'TASK-0002.md: TASK-0002: after names TASK-0001, which was left out, for it is over; it is kept as text only',
    ]);
  });

  test('nothing is there, or nothing is written on a dry run', async () => {
    const driven = await openDriven();
    const path = await foreign(driven, FILES);
    expect(await importAll(driven, 'gluerun', path, { dryRun: true })).toMatchObject({ code: 0 });
    expect(await specsIn(driven)).toEqual([]);
    expect((await importAll(driven, 'oompa', path)).error).toMatchObject({ code: 'import-empty' });
    expect((await importAll(driven, 'oompa', join(path, 'none'))).error).toMatchObject({ code: 'import-path' });
  });
});

test('names of files make no line of their own, and a circle of links is no directory of tasks', async () => {
  const driven = await openDriven();
  const path = await foreign(driven, { 'tasks/pending/a\nhint: b\u001b[31m.json': 'x' });
  await symlink('current', join(path, 'tasks/current'));
  const { error } = await importAll(driven, 'oompa', path);
  expect(error).toMatchObject({ code: 'tasks-invalid' });
  expect(error?.message).toMatch(/^tasks\/pending\/a hint: b\.json:1:1: this is not JSON.*$/);
});
