import { existsSync } from 'node:fs';
import { mkdir, readdir, truncate, writeFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { atTerminal } from '../../../test/fixtures/yard/at-terminal.ts';
import type { Said } from '../../../test/fixtures/yard/at-terminal.ts';
import { openDriven, schedule } from '../../../test/fixtures/yard/driven.ts';
import type { DrivenYard } from '../../../test/fixtures/yard/driven.ts';
import { addCommand } from '../commands/add.ts';
import type { AddOptions } from '../commands/add.ts';

function add(driven: DrivenYard, options: AddOptions, title?: string): Promise<Said> {
  return atTerminal(driven, (context) => addCommand(context, title, options));
}

async function filesOf(driven: DrivenYard): Promise<string[]> {
  const directory = join(driven.local.parts.source.path, '.yard/tasks');
  return existsSync(directory) ? (await readdir(directory)).toSorted() : [];
}

const LIST = '- [ ] One {key: one}\n  - x\n- [x] Gone\n- [ ] Two (after: one, TASK-7)\n  - y\n';

test('a list is added as a whole, beside what there is', async () => {
  const driven = await openDriven();
  await driven.writeTask({ id: 'TASK-7' });
  const from = driven.local.path('list.md');
  await writeFile(from, LIST);
  const dry = await add(driven, { from, dryRun: true });
  expect(dry).toMatchObject({ code: 0, talk: expect.stringContaining('2 tasks would be added; nothing was written') });
  expect(await filesOf(driven)).toEqual(['TASK-7.md']);
  const said = await add(driven, { from });
  expect(said.out).toBe(
    'TASK-0008: One (.yard/tasks/TASK-0008-one.md)\nTASK-0009: Two (.yard/tasks/TASK-0009-two.md)\n',
  );
  expect(said.talk).toContain('"Gone" is ticked off, and was left out');
  const { imported } = await (await schedule(driven.yard)).cycle({ drain: true });
  expect(imported.added).toEqual(['TASK-0008', 'TASK-0009', 'TASK-7']);
  expect((await driven.store.task('TASK-0009'))?.spec.after).toEqual(['TASK-0008', 'TASK-7']);
  // The same once more is twins of what is open.
  const again = await add(driven, { from, json: true });
  expect(again.error).toMatchObject({
    code: 'tasks-invalid',
    message: expect.stringMatching(/TASK-0008[^]*TASK-0009/),
  });
});

test('one bad line, and nothing is added', async () => {
  const driven = await openDriven();
  const from = driven.local.path('list.md');
  await writeFile(from, `${LIST}- [ ] Three {owns: /etc}\n- [ ] Four {after: nine}\n  - x\n`);
  const { error } = await add(driven, { from });
  expect(error).toMatchObject({
    code: 'tasks-invalid',
    place: { line: 4 },
    message: expect.stringMatching(
      /^\S+list.md:4:7: after names "TASK-7".*\nand 3 more:(\n {2}\S+list\.md:\d+:\d+: .+){3}$/,
    ),
    exitCode: 2,
  });
  expect(await filesOf(driven)).toEqual([]);
});

test.each<[string, (path: string) => Promise<unknown>, AddOptions, string]>([
  ['nothing', () => Promise.resolve(), {}, 'tasks-unreadable'],
  ['a circle of links', (path) => symlink(path, path), {}, 'tasks-unreadable'],
  ['a directory', (path) => mkdir(path), {}, 'tasks-unreadable'],
  ['a hundred megabytes', (path) => writeFile(path, '').then(() => truncate(path, 100_000_000)), {}, 'tasks-too-large'],
  ['no text', (path) => writeFile(path, Buffer.from([0xff, 0xfe, 0])), {}, 'tasks-encoding'],
  ['something', (path) => writeFile(path, 'title: x'), {}, 'tasks-format'],
  ['a title beside it', (path) => writeFile(path, '[]'), { objective: 'x' }, 'usage'],
])('%s is refused', async (_name, make, options, code) => {
  const driven = await openDriven();
  const from = driven.local.path('list');
  await make(from);
  expect((await add(driven, { from, ...options })).error).toMatchObject({ code });
});

test('a slip of a key is told at its line, before what follows from it', async () => {
  const driven = await openDriven();
  const from = driven.local.path('list.yaml');
  await writeFile(from, '- title: One\n  accept: [x]\n- titel: Two\n  acceptance: [x]\n');
  const { error } = await add(driven, { from });
  expect(error?.message.replaceAll(`${from}:`, '')).toBe(
    '2:3: unknown key "accept"; did you mean acceptance?\n' +
      'and 3 more:\n' +
      '  3:3: unknown key "titel"; did you mean title?\n' +
      '  3:3: the task has no title\n' +
      '  1:3: the task cannot start as it is: it has no acceptance criteria; list them under ## Acceptance criteria',
  );
  expect(error?.hint).toBe('Write acceptance. Nothing was added.');
});

test('what looks like a key below a task of a checklist is told, with the form that counts', async () => {
  const driven = await openDriven();
  const from = driven.local.path('list.md');
  await writeFile(from, '- [ ] One\n  owns: src/a\n  - After: cart\n  - afterwards: it works\n');
  const said = await add(driven, { from, dryRun: true });
  expect(said.talk.replaceAll(`${from}:`, '').split('\n').slice(0, -1)).toEqual([
    'warning: 2:1: this is text of the task, and says nothing to Yardmaster; at the end of the line of the task it does: {owns: src/a}',
    'warning: 3:1: this is text of the task, and says nothing to Yardmaster; at the end of the line of the task it does: {after: cart}',
    '1 task would be added; nothing was written',
  ]);
});

test('one task: what would be added is told as that', async () => {
  const driven = await openDriven();
  const said = await add(driven, { accept: ['x'], dryRun: true }, 'One');
  expect(said).toMatchObject({
    out: 'TASK-0001: One (.yard/tasks/TASK-0001-one.md)\n',
    talk: '1 task would be added; nothing was written\n',
  });
  expect(JSON.parse((await add(driven, { accept: ['x'], dryRun: true, json: true }, 'One')).out)).toMatchObject({
    dryRun: true,
    id: 'TASK-0001',
  });
  expect(await filesOf(driven)).toEqual([]);
  expect((await add(driven, { accept: ['x'], gate: 'nope' }, 'One')).error).toMatchObject({
    code: 'task-incomplete',
    hint: 'Name one that is known, or none for the default.',
  });
});

test('nothing takes the place of a task that is done', async () => {
  const driven = await openDriven();
  await driven.writeTask({ id: 'TASK-7' });
  await (await schedule(driven.yard)).cycle({ drain: true });
  await driven.store.withdraw('TASK-7', { kind: 'cancelled' });
  const refused = await add(driven, { accept: ['x'], supersedes: ['task-7'] }, 'One');
  expect(refused.error).toMatchObject({
    code: 'wrong-state',
    message: 'TASK-7 is done (see: yard show TASK-7), and nothing takes its place any more',
  });
  const from = driven.local.path('list.md');
  await writeFile(from, '- [ ] One {supersedes: TASK-7}\n  - x\n');
  expect((await add(driven, { from })).error).toMatchObject({
    code: 'tasks-invalid',
    message: expect.stringContaining('supersedes names TASK-7, which is done'),
  });
});
