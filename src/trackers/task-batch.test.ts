import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root as repository } from '../../test/fixtures/repository-files.ts';
import { useTemporaryDirectory } from '../../test/fixtures/temporary-directory.ts';
import type { TaskSpec } from '../core/task.ts';
import { runProcess } from '../process/run.ts';
import { LocalTaskSource } from './local-files.ts';
import { undoUnfinished, writeTaskFiles } from './task-batch.ts';

function specs(count: number): TaskSpec[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `TASK-${index + 1}`,
    title: `Do ${index + 1}`,
    area: null,
    objective: `Do ${index + 1}.`,
    acceptance: ['x'],
    context: '',
    owns: [],
    forbids: [],
    after: index === 0 ? [] : ['TASK-1'],
    gate: null,
    agent: null,
    priority: 0,
    supersedes: [],
    testPolicy: null,
    extra: [],
  }));
}

async function idsIn(root: string): Promise<string[]> {
  return (await new LocalTaskSource(root).changes([])).imports.map(({ spec }) => spec.id);
}

const filesIn = (root: string): Promise<string[]> => readdir(join(root, '.yard/tasks'));

test('all files are there at the end, and nothing else', async () => {
  const root = await useTemporaryDirectory('batch');
  expect(await writeTaskFiles(root, specs(3))).toEqual(
    [1, 2, 3].map((number) => `.yard/tasks/TASK-${number}-do-${number}.md`),
  );
  expect(await idsIn(root)).toEqual(['TASK-1', 'TASK-2', 'TASK-3']);
  expect(await filesIn(root)).toHaveLength(3);
});

test('an id that is taken takes all others back', async () => {
  const root = await useTemporaryDirectory('batch');
  await writeTaskFiles(root, specs(1));
  await writeFile(join(root, '.yard/tasks/task-3-other.md'), 'mine');
  for (const start of [0, 1]) {
    await expect(writeTaskFiles(root, specs(3).slice(start))).rejects.toMatchObject({ code: 'task-exists' });
    expect((await filesIn(root)).toSorted()).toEqual(['TASK-1-do-1.md', 'task-3-other.md']);
  }
});

/** Writes a batch in a process of its own, which is killed at a failpoint. */
async function killedAt(root: string, failpoint: string, count: number): Promise<void> {
  const module = JSON.stringify(join(repository, 'src/trackers/task-batch.ts'));
  const script = `const { writeTaskFiles } = await import(${module});
    await writeTaskFiles(${JSON.stringify(root)}, ${JSON.stringify(specs(count))});`;
  const result = await runProcess(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: root,
    env: { PATH: process.env['PATH'] ?? '', YARD_FAILPOINTS: failpoint },
  });
  expect(result).toMatchObject({ kind: 'signalled' });
}

test.each([
  'fs.rename:after:1:kill',
  'fs.link:after:2:kill',
  'file-system.sync:before:1:kill',
  'fs.unlink:before:4:kill',
])('killed at %s, none of it counts, and the next one takes it away', async (failpoint) => {
  const root = await useTemporaryDirectory('batch');
  await killedAt(root, failpoint, 3);
  const { imports, warnings } = await new LocalTaskSource(root).changes([]);
  expect(imports).toEqual([]);
  if (failpoint.startsWith('fs.link'))
    expect(warnings).toEqual([expect.stringContaining('2 new task files do not count')]);
  // What a person has made of a file since is theirs.
  const mine = join(root, '.yard/tasks/TASK-1-do-1.md');
  const isThere = existsSync(mine);
  if (isThere) await writeFile(mine, (await readFile(mine, 'utf8')).replace('Do 1.', 'Mine.'));
  await undoUnfinished(root);
  expect(await filesIn(root)).toEqual(isThere ? ['TASK-1-do-1.md'] : []);
  await rm(mine, { force: true });
  await writeTaskFiles(root, specs(3));
  expect(await idsIn(root)).toEqual(['TASK-1', 'TASK-2', 'TASK-3']);
});

test('killed at its very end, all of it counts', async () => {
  const root = await useTemporaryDirectory('batch');
  await killedAt(root, 'fs.unlink:after:4:kill', 3);
  await undoUnfinished(root);
  expect(await idsIn(root)).toEqual(['TASK-1', 'TASK-2', 'TASK-3']);
});

test('a reader sees all of it or none, whenever it looks', async () => {
  const root = await useTemporaryDirectory('batch');
  await writeTaskFiles(root, specs(1));
  const seen = new Set<number>();
  const source = new LocalTaskSource(root);
  const batch = specs(60).slice(1);
  const state = { isWritten: false };
  const writing = writeTaskFiles(root, batch).then(() => (state.isWritten = true));
  while (!state.isWritten) {
    seen.add((await source.changes([])).imports.length);
    // Lets the writer have its turn.
    await readdir(root);
  }
  await writing;
  seen.add((await source.changes([])).imports.length);
  expect([...seen].filter((count) => count !== 1 && count !== 60)).toEqual([]);
  expect(seen).toContain(60);
});

test('what stands in the place of a marker and is none hides nothing, and stops nobody', async () => {
  const root = await useTemporaryDirectory('batch');
  await writeTaskFiles(root, specs(1));
  const marker = join(root, '.yard/tasks/.batch-00000000-0000-4000-8000-000000000000.json');
  const files = { 'TASK-1-do-1.md': 'x' };
  const contents = [null, 5, [], 'x', { files: null }, { owner: null, files: 5 }, { owner: 1, files: null }];
  for (const content of [...contents, { owner: {}, files: { '../../x': 'x' } }, { owner: {}, files: [] }]) {
    await writeFile(marker, JSON.stringify(content));
    expect(await idsIn(root)).toEqual(['TASK-1']);
    expect(await undoUnfinished(root)).toBe(0);
    await rm(marker, { force: true });
  }
  await writeFile(marker, JSON.stringify({ owner: {}, files }));
  expect(await idsIn(root)).toEqual([]);
  expect([await undoUnfinished(root), await idsIn(root)]).toEqual([0, ['TASK-1']]);
  const makers = [() => mkdir(marker), () => symlink('/dev/zero', marker), () => symlink(marker, marker)];
  const fifo = async (): Promise<void> => void (await runProcess('mkfifo', [marker], { cwd: root, env: {} }));
  for (const make of [...makers, fifo]) {
    await make();
    expect(await idsIn(root)).toEqual(['TASK-1']);
    expect(await undoUnfinished(root)).toBe(0);
    await rm(marker, { recursive: true });
  }
});
