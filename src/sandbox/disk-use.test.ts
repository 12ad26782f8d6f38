import { closeSync, openSync, writeSync } from 'node:fs';
import { chmod, link, mkdir, rename, symlink, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';

import { useTemporaryDirectory } from '../../test/fixtures/temporary-directory.ts';
import { removeTree } from '../process/removal.ts';
import { diskUse } from './disk-use.ts';

const MEBIBYTE = 1024 ** 2;
const BLOCK = Buffer.alloc(MEBIBYTE, 1);
let root = '';

beforeEach(async () => {
  root = await useTemporaryDirectory('disk-use');
});

/** Whole mebibytes: directories and what the file system adds are less. */
async function mebibytes(
  question: { sinceMs?: number; pids?: number[]; directories?: string[] } = {},
): Promise<number> {
  const all = { directories: [root], pids: [], sinceMs: 0, signal: new AbortController().signal, ...question };
  return Math.floor((await diskUse(all)) / MEBIBYTE);
}

test('files count with what they take of the disk, wherever they lie', async () => {
  await mkdir(join(root, 'a/b'), { recursive: true });
  await writeFile(join(root, 'one'), BLOCK);
  await writeFile(join(root, 'a/b/two'), BLOCK);
  expect(await mebibytes()).toBe(2);
});

test('a file with several names counts once, in all directories together', async () => {
  const other = await useTemporaryDirectory('disk-use');
  await writeFile(join(root, 'one'), BLOCK);
  for (const path of [join(root, 'same'), join(other, 'same')]) await link(join(root, 'one'), path);
  expect(await mebibytes({ directories: [root, other] })).toBe(1);
});

test('links are not followed', async () => {
  const other = await useTemporaryDirectory('disk-use');
  await writeFile(join(other, 'big'), BLOCK);
  await symlink(other, join(root, 'out'));
  await symlink(join(other, 'big'), join(root, 'file'));
  await symlink('.', join(root, 'round'));
  expect(await mebibytes()).toBe(0);
  expect(await mebibytes({ directories: [join(root, 'out')] })).toBe(0);
});

test('what has not changed since then counts nothing', async () => {
  await writeFile(join(root, 'before'), BLOCK);
  expect(await mebibytes({ sinceMs: Date.now() + 60_000 })).toBe(0);
  expect(await mebibytes({ sinceMs: Date.now() - 60_000 })).toBe(1);
});

test('a closed directory does not stop it', async () => {
  await mkdir(join(root, 'closed'));
  await writeFile(join(root, 'one'), BLOCK);
  await chmod(join(root, 'closed'), 0);
  expect(await mebibytes()).toBe(1);
});

test.skipIf(process.platform !== 'linux')('names that are no text do not hide anything (Linux)', async () => {
  const odd = Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0xff, 0xfe, 10, 0x5c])]);
  await mkdir(odd);
  await writeFile(Buffer.concat([odd, Buffer.from('/\u{1f600}')]), BLOCK);
  expect(await mebibytes()).toBe(1);
});

test.skipIf(process.platform !== 'linux')('nor does a path of any length (Linux)', async () => {
  await mkdir(join(root, 'inner'));
  await writeFile(join(root, 'inner/one'), BLOCK);
  // Built from the inside out: each step moves what there is into a new directory.
  for (let depth = 0; depth < 40; depth += 1) {
    await mkdir(join(root, 'outer'));
    await rename(join(root, 'inner'), join(root, 'outer', 'd'.repeat(250)));
    await rename(join(root, 'outer'), join(root, 'inner'));
  }
  expect(await mebibytes()).toBe(1);
  // The fixture that removes the directory cannot remove such a path.
  expect(await removeTree(join(root, 'inner'))).toEqual({ kind: 'removed' });
});

test.skipIf(process.platform !== 'linux')('a removed file counts while a process holds it open (Linux)', async () => {
  const file = openSync(join(root, 'one'), 'w');
  writeSync(file, BLOCK);
  await unlink(join(root, 'one'));
  expect(await mebibytes({ pids: [process.pid] })).toBe(1);
  expect(await mebibytes()).toBe(0);
  closeSync(file);
  expect(await mebibytes({ pids: [process.pid] })).toBe(0);
});

test('told to end, it says what it has found', async () => {
  await writeFile(join(root, 'one'), BLOCK);
  expect(await diskUse({ directories: [root], pids: [], sinceMs: 0, signal: AbortSignal.abort() })).toBe(0);
  expect(await mebibytes({ directories: ['/nowhere', join(root, 'one'), root] })).toBe(1);
});
