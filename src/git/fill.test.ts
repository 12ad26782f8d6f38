import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

import { makeRepository, runGit, writeFiles } from '../../test/fixtures/git/repository.ts';
import { makeFifo, setImmutable } from '../../test/fixtures/git/special-files.ts';
import { moveOn, useYard } from '../../test/fixtures/git/yard.ts';
import type { TestYard } from '../../test/fixtures/git/yard.ts';
import { bootFile, fillDirectory, readFilled } from './fill.ts';
import type { FillOptions } from './fill.ts';

const FILES = {
  a: 'a\n',
  'd/b': 'b\n',
  'd/e/c': 'c\n',
  program: { executable: '#!/bin/sh\n' },
  link: { link: 'd' },
};

function slot(yard: TestYard, tree = yard.base): FillOptions {
  return {
    depot: yard.depot,
    directory: join(yard.directory, 'slot'),
    indexFile: join(yard.directory, 'slot.index'),
    tree,
  };
}

/** Every path below a directory with what it is and holds. */
function contentOf(directory: string, prefix = ''): string[] {
  return readdirSync(join(directory, prefix), { withFileTypes: true }).flatMap((entry) => {
    const path = `${prefix}${entry.name}`;
    if (entry.isDirectory()) return [`${path}/`, ...contentOf(directory, `${path}/`)];
    if (entry.isSymbolicLink()) return [`${path} ->`];
    const { mode } = statSync(join(directory, path));
    return [`${path} ${(mode & 0o111) === 0 ? '' : 'x '}${readFileSync(join(directory, path), 'utf8')}`];
  });
}

test('whatever a gate left in a slot, the next fill makes it hold the tree and nothing else', async () => {
  const yard = await useYard(FILES);
  const options = slot(yard);
  await fillDirectory(options);
  const clean = contentOf(options.directory);
  const at = (path: string): string => join(options.directory, path);
  const marker = join(yard.directory, 'marker');

  const { atime, mtime } = statSync(at('a'));
  writeFileSync(at('a'), 'z\n');
  utimesSync(at('a'), atime, mtime);
  chmodSync(at('program'), 0o644);
  rmSync(at('link'));
  mkdirSync(at('link'));
  renameSync(at('d'), at('moved'));
  symlinkSync(join(yard.directory, 'elsewhere'), at('d'));
  await writeFiles(join(yard.directory, 'elsewhere'), { b: 'mine', 'e/c': 'mine' });
  await makeRepository(at('nested'), { f: 'f' });
  await makeRepository(options.directory);
  await runGit(options.directory, ['config', 'core.fsmonitor', `touch ${marker}; false`]);
  await writeFiles(options.directory, {
    '.gitattributes': '* filter=planted text eol=crlf\n',
    '.gitignore': '*\n',
    'node_modules/x': 'x',
    'dé/x': 'x',
    '.trash-left/x': 'x',
  });
  mkdirSync(Buffer.concat([Buffer.from(`${options.directory}/`), Buffer.from([0xff])]));
  writeFileSync(Buffer.concat([Buffer.from(`${options.directory}/`), Buffer.from([0xff, 0x2f, 0xfe])]), 'x');
  makeFifo(at('fifo'));

  await fillDirectory(options);
  expect(contentOf(options.directory)).toEqual(clean);
  expect(contentOf(join(yard.directory, 'elsewhere'))).toEqual(['b mine', 'e/', 'e/c mine']);
  expect(existsSync(marker)).toBe(false);
});

test('another tree replaces what differs and leaves the rest alone', async () => {
  const yard = await useYard(FILES);
  const next = await moveOn(yard, {
    a: null,
    'a/now/a/directory': 'x',
    'd/e': null,
    link: null,
    new: 'n',
    'd/b': 'b\n',
  });
  const options = slot(yard);
  await fillDirectory(options);
  const before = lstatSync(join(options.directory, 'd/b'));
  await fillDirectory({ ...options, tree: next });
  const index = readFilled(options);
  expect([...index.keys()]).toEqual(['a/now/a/directory', 'd/b', 'new', 'program']);
  expect(contentOf(options.directory).filter((line) => !line.endsWith('/'))).toHaveLength(4);
  expect(lstatSync(join(options.directory, 'd/b')).ctimeMs).toBe(before.ctimeMs);
});

test.each<[string, (options: FillOptions, elsewhere: string) => void]>([
  ['a link to another directory', ({ directory }, elsewhere) => symlinkSync(elsewhere, directory)],
  ['a link to nowhere', ({ directory }) => symlinkSync('/nonexistent/x', directory)],
  ['a file', ({ directory }) => writeFileSync(directory, 'x')],
  ['a directory of somebody’s', ({ directory }) => writeFilesSync(directory)],
])('%s in the directory’s place is no way out of it', async (_what, replace) => {
  const yard = await useYard(FILES);
  const options = slot(yard);
  await fillDirectory(options);
  const clean = contentOf(options.directory);
  const elsewhere = join(yard.directory, 'elsewhere');
  await writeFiles(elsewhere, { precious: 'p', a: 'mine' });
  rmSync(options.directory, { recursive: true });
  replace(options, elsewhere);
  await fillDirectory(options);
  expect(contentOf(options.directory)).toEqual(clean);
  expect(contentOf(elsewhere)).toEqual(['a mine', 'precious p']);
});

function writeFilesSync(directory: string): void {
  mkdirSync(join(directory, 'd/b'), { recursive: true });
  writeFileSync(join(directory, 'other'), 'x');
}

test('a fill that was cut short anywhere is made good by the next', async () => {
  const yard = await useYard(FILES);
  const next = await moveOn(yard, { a: 'other\n', 'd/b': null, new: 'n' });
  const options = slot(yard);
  await fillDirectory({ ...options, tree: next });
  const clean = contentOf(options.directory);
  const spoilings: (() => void)[] = [
    () => rmSync(options.indexFile),
    () => writeFileSync(`${options.indexFile}.lock`, 'half'),
    () => rmSync(join(options.directory, 'new')),
    () => writeFileSync(join(options.directory, 'a'), ''),
    () => writeFileSync(join(options.directory, 'd/b'), 'b\n'),
    () => rmSync(options.directory, { recursive: true }),
    () => symlinkSync('/nonexistent', join(options.directory, '.git')),
  ];
  for (const spoil of spoilings) {
    spoil();
    await fillDirectory({ ...options, tree: next });
    expect(contentOf(options.directory)).toEqual(clean);
  }
});

test('a damaged index makes the directory uncleanable once, and new the next time', async () => {
  const yard = await useYard(FILES);
  const options = slot(yard);
  await fillDirectory(options);
  const clean = contentOf(options.directory);
  writeFileSync(options.indexFile, '');
  writeFileSync(join(options.directory, 'left'), 'x');
  await expect(fillDirectory(options)).rejects.toMatchObject({ code: 'uncleanable' });
  await fillDirectory(options);
  expect(contentOf(options.directory)).toEqual(clean);
});

test('a tree that is not there is a GitError', async () => {
  const yard = await useYard(FILES);
  await expect(fillDirectory(slot(yard, '1'.repeat(40)))).rejects.toMatchObject({ code: 'git-failed' });
});

test('what cannot be removed makes the directory uncleanable', async (context) => {
  const yard = await useYard(FILES);
  const options = slot(yard);
  await fillDirectory(options);
  const stubborn = join(options.directory, 'stubborn');
  writeFileSync(stubborn, 'x');
  if (!setImmutable(stubborn, true)) return context.skip('this user or file system knows no immutable files');
  onTestFinished(() => void setImmutable(stubborn, false));
  await expect(fillDirectory(options)).rejects.toMatchObject({ code: 'uncleanable' });
  return undefined;
});

/** Zeros in a file's place, and an index that vouches for them: what a power cut can leave where nothing was synced. */
function tear({ directory, indexFile }: FillOptions, name: string): void {
  const path = join(directory, name);
  writeFileSync(path, Buffer.alloc(statSync(path).size));
  const { ctimeNs, mtimeNs } = statSync(path, { bigint: true });
  const index = readFileSync(indexFile);
  const at = index.indexOf(`${name}\0`) - 62;
  for (const [offset, ns] of [
    [0, ctimeNs],
    [8, mtimeNs],
  ] as const) {
    index.writeUInt32BE(Number(ns / 1_000_000_000n), at + offset);
    index.writeUInt32BE(Number(ns % 1_000_000_000n), at + offset + 4);
  }
  createHash('sha1')
    .update(index.subarray(0, -20))
    .digest()
    .copy(index, index.length - 20);
  writeFileSync(indexFile, index);
  const later = new Date(statSync(path).ctimeMs + 60_000);
  utimesSync(indexFile, later, later);
}

test('of what was filled in an earlier boot nothing is trusted', async () => {
  const yard = await useYard(FILES);
  const options = slot(yard);
  await fillDirectory(options);
  const clean = contentOf(options.directory);
  tear(options, 'a');
  await fillDirectory(options);
  // In this boot there was no power cut: the stat data is enough.
  expect(readFileSync(join(options.directory, 'a'))).toEqual(Buffer.alloc(2));
  writeFileSync(bootFile(options.indexFile), 'another');
  await fillDirectory(options);
  expect(contentOf(options.directory)).toEqual(clean);
  tear(options, 'a');
  rmSync(bootFile(options.indexFile));
  await fillDirectory(options);
  expect(contentOf(options.directory)).toEqual(clean);
});

test('what has the content of the tree, and another name elsewhere or other permissions, is made anew', async () => {
  const yard = await useYard(FILES);
  const options = slot(yard);
  await fillDirectory(options);
  const clean = contentOf(options.directory);
  linkSync(join(options.directory, 'a'), join(yard.directory, 'alias'));
  chmodSync(join(options.directory, 'd/b'), 0o400);
  chmodSync(join(options.directory, 'd'), 0o500);
  await fillDirectory(options);
  writeFileSync(join(yard.directory, 'alias'), 'late\n');
  expect(contentOf(options.directory)).toEqual(clean);
  expect(lstatSync(join(options.directory, 'd/b')).mode & 0o777).toBe(0o644);
  expect(lstatSync(join(options.directory, 'd')).mode & 0o700).toBe(0o700);
});

test('much that is missing, changed or touched is made good as little is', async () => {
  const many = Object.fromEntries(Array.from({ length: 1_200 }, (_, file) => [`d${file % 30}/${file}`, `${file}\n`]));
  const yard = await useYard(many);
  const next = await moveOn(yard, { 'd0/0': null, 'd1/1': 'other\n', new: 'n' });
  const options = slot(yard);
  await fillDirectory(options);
  const clean = contentOf(options.directory);
  await fillDirectory({ ...options, tree: next });
  const cleanNext = contentOf(options.directory);
  const spoilings: ((path: string) => void)[] = [
    (path) => rmSync(path),
    (path) => writeFileSync(path, 'x'),
    (path) => chmodSync(path, 0o600),
  ];
  for (const spoil of spoilings) {
    await fillDirectory(options);
    expect(contentOf(options.directory)).toEqual(clean);
    for (const path of Object.keys(many)) spoil(join(options.directory, path));
    await fillDirectory({ ...options, tree: next });
    expect(contentOf(options.directory)).toEqual(cleanNext);
  }
});

test('the empty directory of a submodule is there again', async () => {
  const yard = await useYard(FILES);
  mkdirSync(join(yard.source.path, 'sub/module'), { recursive: true });
  await runGit(yard.source.path, ['update-index', '--add', '--cacheinfo', `160000,${yard.base},sub/module`]);
  const options = slot(yard, await moveOn(yard, { a: 'moved\n' }));
  await fillDirectory(options);
  const clean = contentOf(options.directory);
  expect(clean).toContain('sub/module/');
  for (const path of ['sub/module', 'sub']) {
    rmSync(join(options.directory, path), { recursive: true });
    await fillDirectory(options);
    expect(contentOf(options.directory)).toEqual(clean);
  }
});
