import { existsSync } from 'node:fs';
import { mkdir, readdir, truncate, writeFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { atTerminal } from '../../../test/fixtures/yard/at-terminal.ts';
import type { Said } from '../../../test/fixtures/yard/at-terminal.ts';
import { openDriven, schedule } from '../../../test/fixtures/yard/driven.ts';
import type { DrivenYard } from '../../../test/fixtures/yard/driven.ts';
import { addCommand } from './add.ts';
import type { AddOptions } from './add.ts';

function add(driven: DrivenYard, options: AddOptions, types?: string): Promise<Said> {
  return atTerminal(driven, (context) => addCommand(context, undefined, options), types === undefined ? {} : { types });
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
