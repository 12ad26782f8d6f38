import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { useTemporaryDirectory } from '../../test/fixtures/temporary-directory.ts';
import { hashOf } from './content-hash.ts';
import { replaceTaskFile } from './replace-task-file.ts';

const PATH = '.yard/tasks/TASK-1.md';
const BESIDE = '.yard/tasks/.edit-TASK-1.md';

async function taskFile(): Promise<string> {
  const root = await useTemporaryDirectory('replace');
  await mkdir(join(root, '.yard/tasks'), { recursive: true });
  await writeFile(join(root, PATH), 'old');
  return root;
}

/** What a writer that was killed has left, so long ago. */
async function leave(root: string, agoMs: number): Promise<void> {
  await writeFile(join(root, BESIDE), 'ha');
  const at = new Date(Date.now() - agoMs);
  await utimes(join(root, BESIDE), at, at);
}

test('beside one that holds the name, nothing is done', async () => {
  const root = await taskFile();
  await leave(root, 0);
  await expect(replaceTaskFile(root, PATH, hashOf('old'), 'new')).rejects.toMatchObject({ code: 'task-changed' });
  expect([await readFile(join(root, PATH), 'utf8'), await readFile(join(root, BESIDE), 'utf8')]).toEqual(['old', 'ha']);
});

test.each([3_600_000, -3_600_000])('of many that find what a dead one has left (%i), one succeeds', async (agoMs) => {
  const root = await taskFile();
  for (let round = 0; round < 20; round += 1) {
    await leave(root, agoMs);
    await writeFile(join(root, PATH), 'old');
    const texts = Array.from({ length: 6 }, (_, index) => `new ${index}`.padEnd(50_000, '.'));
    const ends = await Promise.allSettled(texts.map((text) => replaceTaskFile(root, PATH, hashOf('old'), text)));
    const done = texts.filter((_, index) => ends[index]?.status === 'fulfilled');
    expect(done).toEqual([await readFile(join(root, PATH), 'utf8')]);
    for (const end of ends) if (end.status === 'rejected') expect(end.reason).toMatchObject({ code: 'task-changed' });
    expect(await readdir(join(root, '.yard/tasks'))).toEqual(['TASK-1.md']);
  }
});

test('a directory of that name is told', async () => {
  const root = await taskFile();
  await mkdir(join(root, BESIDE));
  await expect(replaceTaskFile(root, PATH, hashOf('old'), 'new')).rejects.toMatchObject({ code: 'task-not-a-file' });
});
