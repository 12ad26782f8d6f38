import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { listFilesAt, readFileAt, runGit, writeFiles } from '../../test/fixtures/git/repository.ts';
import { collect, read, useLane, useYard } from '../../test/fixtures/git/yard.ts';
import type { TestYard } from '../../test/fixtures/git/yard.ts';
import { fetchCommit } from './depot.ts';
import type { Lane } from './lane.ts';
import { Walk } from './walk.ts';

async function fsck(yard: TestYard): Promise<void> {
  await runGit(yard.depot.path, ['fsck', '--strict', '--full', '--no-dangling']);
}

/** Writes a file whose name is bytes, one for each character. */
function writeBytes(lane: Lane, path: string, content: string): void {
  const absolute = Buffer.concat([Buffer.from(`${lane.directory}/`), Buffer.from(path, 'latin1')]);
  mkdirSync(absolute.subarray(0, absolute.lastIndexOf(0x2f)), { recursive: true });
  writeFileSync(absolute, content);
}

test('a lane that nobody touched has no changes', async () => {
  const yard = await useYard({ a: 'a', 'd/b': 'b', x: { executable: 'x' }, l: { link: '/etc/passwd' } });
  expect(await read(yard, await useLane(yard))).toEqual({ changes: [], refused: [], special: [], ignored: [] });
});

test('edits, additions, deletions, modes and links come back as they are', async () => {
  const yard = await useYard({
    edited: 'before\n',
    deleted: 'gone\n',
    'd/kept': 'kept\n',
    plain: 'plain\n',
    program: { executable: '#!/bin/sh\n' },
    link: { link: 'edited' },
    empty: '',
  });
  const lane = await useLane(yard);
  await writeFiles(lane.directory, {
    edited: 'after\n',
    deleted: null,
    'd/new/deep/file': 'new\n',
    'd/new/program': { executable: 'x' },
    'd/new/link': { link: '../../nowhere' },
    'empty-directory/': '',
    'd/empty/also/': '',
    filled: '',
  });
  chmodSync(join(lane.directory, 'plain'), 0o755);
  chmodSync(join(lane.directory, 'program'), 0o644);
  unlinkSync(join(lane.directory, 'link'));
  symlinkSync('/absolute/target', join(lane.directory, 'link'));
  writeFileSync(join(lane.directory, 'empty'), 'not any more');
  const commit = await collect(yard, lane);
  expect(await listFilesAt(yard.depot.path, commit)).toEqual([
    '100644 d/kept',
    '100644 d/new/deep/file',
    '120000 d/new/link',
    '100755 d/new/program',
    '100644 edited',
    '100644 empty',
    '100644 filled',
    '120000 link',
    '100755 plain',
    '100644 program',
  ]);
  expect(await readFileAt(yard.depot.path, commit, 'edited')).toBe('after\n');
  expect(await readFileAt(yard.depot.path, commit, 'link')).toBe('/absolute/target');
  expect(await runGit(yard.depot.path, ['rev-parse', `${commit}^`])).toBe(yard.base);
  await fsck(yard);
});

test('files, directories and links take each other’s places', async () => {
  const yard = await useYard({
    f1: 'f',
    f2: 'f',
    'd1/a': 'a',
    'd1/b/c': 'c',
    'd2/a': 'a',
    'd2/b/c': 'c',
    l1: { link: 'f1' },
    l2: { link: 'd1' },
    'd3/x': 'x',
  });
  const lane = await useLane(yard);
  const at = (path: string): string => join(lane.directory, path);
  for (const path of ['f1', 'f2', 'd1', 'd2', 'l1', 'l2', 'd3']) rmSync(at(path), { recursive: true });
  await writeFiles(lane.directory, {
    'f1/inside/it': 'file became a directory',
    f2: { link: 'f1' },
    d1: 'directory became a file',
    d2: { link: 'f1' },
    'l1/now': 'link became a directory',
    l2: 'link became a file',
    d3: { link: '/' },
  });
  const commit = await collect(yard, lane);
  expect(await listFilesAt(yard.depot.path, commit)).toEqual([
    '100644 d1',
    '120000 d2',
    '120000 d3',
    '100644 f1/inside/it',
    '120000 f2',
    '100644 l1/now',
    '100644 l2',
  ]);
  await fsck(yard);
});

const NAMES = [
  'new\nline',
  'quote"s',
  "apo'strophe",
  'back\\slash',
  '\\"both\\"',
  'tab\t',
  'invalid-\xff\xfe',
  'd\xff/inside',
  '\xc3\xa9t\xc3\xa9',
  '-dash',
  '--',
  ':colon',
  ':!q',
  ':(exclude)x',
  ' ',
  'trailing ',
  '*',
  '[x]?',
  '~',
  '#comment',
  '!negated',
  'a\rb',
  '\x01\x7f',
];

test('odd names come back as they are', async () => {
  const yard = await useYard({ 'new\nline\\"': 'base' });
  const lane = await useLane(yard);
  for (const name of NAMES) writeBytes(lane, name, name);
  const commit = await collect(yard, lane);
  const expected = [...NAMES, 'new\nline\\"'].map((name) => `100644 ${name}`);
  expect(await listFilesAt(yard.depot.path, commit)).toEqual(expected.toSorted());
  await fsck(yard);

  const next = await useLane(yard, { base: commit, attempt: 2 });
  expect((await read(yard, next)).changes).toEqual([]);
  for (const name of NAMES) rmSync(Buffer.concat([Buffer.from(`${next.directory}/`), Buffer.from(name, 'latin1')]));
  const emptied = await collect(yard, next);
  expect(await listFilesAt(yard.depot.path, emptied)).toEqual(['100644 new\nline\\"']);
});

test('a lane under a path with blanks and other letters works the same', async () => {
  const yard = await useYard({ 'é/ñ': 'a', b: 'b' });
  const stateDirectory = join(yard.directory, 'stätte mit "Zeichen" \\ und 空白');
  mkdirSync(stateDirectory);
  const lane = await useLane(yard, { stateDirectory });
  await writeFiles(lane.directory, { 'é/ñ': 'changed', 'neu é': 'new', 'dir é/x': 'x', 'plain/x': 'x' });
  const { changes } = await read(yard, lane, { stateDirectory });
  expect(changes.map(({ path }) => Buffer.from(path, 'latin1').toString())).toEqual([
    'dir é/x',
    'neu é',
    'plain/x',
    'é/ñ',
  ]);
  const commit = await collect(yard, lane, { stateDirectory });
  const next = await useLane(yard, { stateDirectory, base: yard.base, attempt: 2 });
  expect(next.continued).toBe(true);
  const refilled = await useLane(yard, { stateDirectory, base: commit, attempt: 3 });
  expect((await read(yard, refilled, { stateDirectory })).changes).toEqual([]);
});

test('links are never followed: loops, links to directories, links out of the lane', async () => {
  const yard = await useYard({ 'd/f': 'f' });
  const lane = await useLane(yard);
  writeFileSync(join(yard.directory, 'outside'), 'secret');
  await writeFiles(lane.directory, {
    loop: { link: 'loop' },
    'd/up': { link: '..' },
    out: { link: yard.directory },
    'd/secret': { link: join(yard.directory, 'outside') },
  });
  const commit = await collect(yard, lane);
  expect(await listFilesAt(yard.depot.path, commit)).toEqual([
    '100644 d/f',
    '120000 d/secret',
    '120000 d/up',
    '120000 loop',
    '120000 out',
  ]);
});

test('an edit of the same size is found although its mtime was put back', async () => {
  const yard = await useYard({ f: 'before' });
  const lane = await useLane(yard);
  const path = join(lane.directory, 'f');
  const { atime, mtime } = statSync(path);
  writeFileSync(path, 'after!');
  utimesSync(path, atime, mtime);
  expect((await read(yard, lane)).changes.map((change) => change.path)).toEqual(['f']);
  // Through another name, too.
  const other = await useLane(yard, { taskId: 'other' });
  linkSync(join(other.directory, 'f'), join(yard.directory, 'alias'));
  writeFileSync(join(yard.directory, 'alias'), 'after!');
  utimesSync(join(other.directory, 'f'), atime, mtime);
  expect((await read(yard, other)).changes.map((change) => change.path)).toEqual(['f']);
});

test('a file that nobody touched is not read again; one that was filled a moment ago is', async () => {
  const yard = await useYard({ f: 'f', d: 'd' });
  const lane = await useLane(yard);
  // Were it read, it would look changed: the baseline lies about its content.
  const baseline = new Map(
    [...lane.baseline].map(([path, entry]) => {
      const { mode, size, ino, ctimeSeconds, ctimeNanoseconds, mtimeSeconds, mtimeNanoseconds } = entry;
      const stat = { mode, size, ino, ctimeSeconds, ctimeNanoseconds, mtimeSeconds, mtimeNanoseconds };
      return [path, { ...stat, oid: '0'.repeat(40) }];
    }),
  );
  const options = { root: lane.directory, baseline, format: 'sha1' as const, excluded: new Set<string>() };
  const trusting = new Walk({ ...options, trustedBeforeMs: Date.now() + 1000 });
  expect(trusting.tracked()).toEqual([]);
  expect(trusting.changes).toEqual([]);
  const doubting = new Walk({ ...options, trustedBeforeMs: lane.trustedBeforeMs });
  doubting.tracked();
  expect(doubting.changes.map(({ path }) => path)).toEqual(['d', 'f']);
});

test('excluded paths never enter, whatever they are', async () => {
  const yard = await useYard({ 'tracked/f': 'f', g: 'g' });
  const lane = await useLane(yard);
  await writeFiles(lane.directory, {
    'node_modules/.git/': '',
    'node_modules/x': 'x',
    'cfg/.env': 'SECRET',
    'cfg/other': 'o',
    'tracked/f': 'changed',
    'env.local': { link: '/' },
    g: null,
  });
  const excluded = ['node_modules/', './cfg/.env', 'tracked', 'env.local', 'g'];
  const { changes, refused } = await read(yard, lane, { excluded });
  expect(changes.map(({ path }) => path)).toEqual(['cfg/other']);
  expect(refused).toEqual([]);
});

test('a lane that was replaced by a link is not read', async () => {
  const yard = await useYard({ f: 'f' });
  const lane = await useLane(yard);
  renameSync(lane.directory, join(yard.directory, 'moved'));
  symlinkSync(join(yard.directory, 'moved'), lane.directory);
  await expect(read(yard, lane)).rejects.toMatchObject({ code: 'integrity' });
});

test('attributes convert nothing and run nothing, in the lane’s filling and in its reading', async () => {
  const files = {
    '.gitattributes':
      '*.crlf text eol=crlf\n*.id ident\n*.u16 text working-tree-encoding=UTF-16\n*.f filter=planted\n*.auto text=auto\n',
    'a.crlf': 'one\ntwo\n',
    'mixed.crlf': 'one\r\ntwo\n',
    'b.id': '$Id$ $Id: old $\n',
    'c.u16': 'text\n',
    'd.f': 'plain\n',
    'e.auto': 'one\r\ntwo\n',
    'sub/.gitattributes': '* text eol=crlf ident\n',
    'sub/f': '$Id$\r\n\n',
  };
  const yard = await useYard({ x: 'x' });
  // Written as blobs, so that the bytes are these.
  for (const [path, content] of Object.entries(files)) {
    await writeFiles(yard.source.path, { 'tmp-blob': content });
    const oid = await runGit(yard.source.path, ['hash-object', '-w', '--no-filters', 'tmp-blob']);
    await runGit(yard.source.path, ['update-index', '--add', '--cacheinfo', `100644,${oid},${path}`]);
  }
  await runGit(yard.source.path, ['commit', '--quiet', '--message', 'attributes']);
  const base = await runGit(yard.source.path, ['rev-parse', 'HEAD']);
  await fetchCommit({ into: yard.depot.path, from: yard.repository.commonDirectory, commit: base });

  const lane = await useLane(yard, { base });
  for (const [path, content] of Object.entries(files))
    expect(readFileSync(join(lane.directory, path), 'utf8')).toBe(content);
  for (const path of Object.keys(files)) utimesSync(join(lane.directory, path), 1, 1);
  expect((await read(yard, lane)).changes).toEqual([]);
  expect(await runGit(lane.directory, ['status', '--porcelain'])).toBe('');

  // The agent plants a filter, in its own configuration, and attributes of its own.
  const program = `touch ${join(yard.directory, 'marker')}; cat`;
  for (const kind of ['clean', 'smudge']) await runGit(lane.directory, ['config', `filter.planted.${kind}`, program]);
  await writeFiles(lane.directory, {
    '.gitattributes': '* filter=planted eol=crlf working-tree-encoding=UTF-16\n',
    'new.crlf': 'one\r\ntwo\n',
    'b.id': '$Id: changed $\n',
  });
  const commit = await collect(yard, lane);
  expect(await readFileAt(yard.depot.path, commit, 'new.crlf')).toBe('one\r\ntwo\n');
  expect(await readFileAt(yard.depot.path, commit, 'b.id')).toBe('$Id: changed $\n');
  const next = await useLane(yard, { base: commit, taskId: 'next' });
  expect(readFileSync(join(next.directory, 'new.crlf'), 'utf8')).toBe('one\r\ntwo\n');
  expect(existsSync(join(yard.directory, 'marker'))).toBe(false);
});
