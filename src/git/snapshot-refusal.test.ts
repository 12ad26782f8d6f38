import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

import { listFilesAt, makeRepository, readFileAt, runGit, writeFiles } from '../../test/fixtures/git/repository.ts';
import { makeFifo } from '../../test/fixtures/git/special-files.ts';
import { collect, read, useLane, useYard } from '../../test/fixtures/git/yard.ts';
import type { TestYard } from '../../test/fixtures/git/yard.ts';
import { hashRegularFile } from './blob.ts';
import { fetchCommit } from './depot.ts';
import { fillDirectory } from './fill.ts';
import { MODE_FILE } from './index-file.ts';
import { lanePaths } from './lane-names.ts';
import { FILE_BYTES_MAX, Walk } from './walk.ts';

const why = (refused: readonly { path: string; why: string }[]): Record<string, string> =>
  Object.fromEntries(refused.map((refusal) => [refusal.path, refusal.why]));

test('FIFOs, sockets and devices are reported and never opened', async () => {
  const yard = await useYard({ tracked: 'a', 'd/tracked': 'a', '.gitignore': 'ignored/\n*.sock\n' });
  const lane = await useLane(yard);
  rmSync(join(lane.directory, 'tracked'));
  mkdirSync(join(lane.directory, 'new/ignored'), { recursive: true });
  for (const path of ['tracked', 'd/fifo', 'new/fifo', 'new/ignored/fifo', 'ignored.sock']) {
    makeFifo(join(lane.directory, path));
  }
  const server = createServer().listen(join(lane.directory, 'socket'));
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const snapshot = await read(yard, lane);
  expect(snapshot.changes).toEqual([]);
  expect(snapshot.special.toSorted()).toEqual(['d/fifo', 'new/fifo', 'socket']);
  expect(why(snapshot.refused)).toEqual({ tracked: 'was replaced by a socket, FIFO or device' });
});

test('case 40: repositories inside a lane are refused, whatever their .git is, and what they cover is not deleted', async () => {
  const yard = await useYard({ 'tracked/f': 'f', 'vendor/keep': 'k', '.gitignore': 'node_modules/\n' });
  const lane = await useLane(yard);
  const at = (path: string): string => join(lane.directory, path);
  await makeRepository(at('with-commit'), { f: 'f' });
  await makeRepository(at('unborn'));
  await makeRepository(at('tracked'), {});
  await makeRepository(at('node_modules/ignored'), { f: 'f' });
  await writeFiles(lane.directory, {
    'a-file/.git': 'gitdir: /elsewhere\n',
    'a-link/.git': { link: '/elsewhere' },
    'deep/er/.git/': '',
    'deep/er/f': 'f',
    'deep/ok': 'ok',
  });
  mkdirSync(at('a-fifo'));
  makeFifo(at('a-fifo/.git'));
  const { changes, refused } = await read(yard, lane);
  const own = 'is a repository of its own';
  expect(why(refused)).toEqual({
    'with-commit': own,
    unborn: own,
    tracked: own,
    'a-file': own,
    'a-link': own,
    'a-fifo': own,
    'deep/er': own,
  });
  expect(changes.map(({ path }) => path)).toEqual(['deep/ok']);
});

test('case 41: names that git does not hold are refused', async () => {
  const yard = await useYard({ f: 'f', 'd/f': 'f' });
  const lane = await useLane(yard);
  await writeFiles(lane.directory, {
    '.GIT/config': 'x',
    'd/git~1': 'x',
    'new/.git ': 'x',
    '.git::$INDEX_ALLOCATION/x': 'x',
    'back\\.git': 'x',
    '.gitmodules': { link: 'f' },
    'd/.gitmodules': 'is fine',
    ok: 'ok',
  });
  const { changes, refused } = await read(yard, lane);
  expect(Object.keys(why(refused)).toSorted()).toEqual(
    ['.GIT', '.git::$INDEX_ALLOCATION', '.gitmodules', 'back\\.git', 'd/git~1', 'new/.git '].toSorted(),
  );
  expect(changes.map(({ path }) => path)).toEqual(['d/.gitmodules', 'ok']);
});

test('contents that git takes nowhere are refused, and do not get into the depot by salvage either', async () => {
  const yard = await useYard({ f: 'f', '.gitmodules': '[submodule "a"]\n\tpath = a\n\turl = ../a\n' });
  const lane = await useLane(yard);
  const command = '[submodule "a"]\n\tpath = a\n\turl = ../a\n\tupdate = !evil\n';
  await writeFiles(lane.directory, {
    '.gitmodules': command,
    'd/.GitModules ': command,
    'gi7eba~1': '[submodule "../a"]\n\tpath = a\n',
    'deep/er/.gitmodules': '[submodule "b"]\n\turl = --upload-pack=evil\n',
    'fine/.gitmodules': '[submodule "b"]\n\turl = https://example.org/b\n',
    'fine/.gitattributes': '* text\n',
    'fine/.gitmodules.txt': command,
    'no/config/.gitmodules': 'nothing that git reads: [[[\n',
  });
  const { changes, refused } = await read(yard, lane);
  expect(why(refused)).toEqual({
    '.gitmodules': 'is refused by git (gitmodulesUpdate)',
    'd/.GitModules ': 'is refused by git (gitmodulesUpdate)',
    'gi7eba~1': 'is refused by git (gitmodulesName)',
    'deep/er/.gitmodules': 'is refused by git (gitmodulesUrl)',
  });
  expect(changes.map(({ path }) => path)).toEqual([
    'fine/.gitattributes',
    'fine/.gitmodules',
    'fine/.gitmodules.txt',
    'no/config/.gitmodules',
  ]);
  await useLane(yard, { base: yard.base, attempt: 2 });
  expect(await runGit(yard.depot.path, ['fsck', '--no-dangling', '--no-progress'])).toBe('');
});

async function useYardWithSubmodule(): Promise<TestYard> {
  const yard = await useYard({ f: 'f' });
  const { source } = yard;
  await runGit(source.path, ['update-index', '--add', '--cacheinfo', `160000,${yard.base},sub`]);
  await runGit(source.path, ['update-index', '--add', '--cacheinfo', `160000,${yard.base},d/sub`]);
  await runGit(source.path, ['commit', '--quiet', '--message', 'submodules']);
  const base = await runGit(source.path, ['rev-parse', 'HEAD']);
  await fetchCommit({ into: yard.depot.path, from: yard.repository.commonDirectory, commit: base });
  return { ...yard, base };
}

test('submodules of the base pass through, empty or missing', async () => {
  const yard = await useYardWithSubmodule();
  const lane = await useLane(yard);
  expect(readdirSync(join(lane.directory, 'sub'))).toEqual([]);
  rmSync(join(lane.directory, 'd'), { recursive: true });
  writeFileSync(join(lane.directory, 'f'), 'changed');
  const { refused } = await read(yard, lane);
  expect(refused).toEqual([]);
  expect(await listFilesAt(yard.depot.path, await collect(yard, lane))).toEqual([
    '160000 d/sub',
    '100644 f',
    '160000 sub',
  ]);
});

test.each<[string, (path: string) => unknown]>([
  ['filled', (path) => writeFiles(path, { f: 'f' })],
  ['cloned', (path) => makeRepository(path, { f: 'f' })],
  ['a file', (path) => writeFileSync(path, 'f')],
  ['a link', (path) => symlinkSync('/', path)],
  ['a FIFO', (path) => makeFifo(path)],
])('a submodule that is %s is refused', async (_how, spoil) => {
  const yard = await useYardWithSubmodule();
  const lane = await useLane(yard);
  rmSync(join(lane.directory, 'sub'), { recursive: true });
  await spoil(join(lane.directory, 'sub'));
  const { changes, refused } = await read(yard, lane);
  expect(refused.map(({ path }) => path)).toEqual(['sub']);
  expect(changes).toEqual([]);
  // The next fill mends it.
  await fillDirectory({
    depot: yard.depot,
    directory: lane.directory,
    indexFile: lanePaths(yard.stateDirectory, 'task').index,
    tree: yard.base,
  });
  expect((await read(yard, lane)).refused).toEqual([]);
});

/** Runs the test without root's power over permissions. */
function asNobody(directory: string): void {
  if (process.geteuid?.() !== 0) return;
  execFileSync('chown', ['-R', '65534:65534', directory]);
  process.setegid?.(65534);
  process.seteuid?.(65534);
  onTestFinished(() => {
    process.seteuid?.(0);
    process.setegid?.(0);
  });
}

test('files and directories without permissions are read all the same', async () => {
  const yard = await useYard({
    'a/tracked': 'a',
    'b/c/tracked': 'b',
    'd/tracked': 'd',
    locked: 'l',
    run: { executable: 'x' },
  });
  asNobody(yard.directory);
  const lane = await useLane(yard);
  const at = (path: string): string => join(lane.directory, path);
  await writeFiles(lane.directory, {
    'a/new': 'n',
    'b/c/new': 'n',
    'd/new': 'n',
    locked: 'edited',
    'fresh/x': 'x',
    '.gitignore': '*.log\n',
    'x.log': 'log',
    program: { executable: 'p' },
  });
  chmodSync(at('locked'), 0);
  chmodSync(at('run'), 0o100);
  chmodSync(at('program'), 0o111);
  chmodSync(at('.gitignore'), 0);
  chmodSync(at('fresh/x'), 0);
  chmodSync(at('fresh'), 0);
  chmodSync(at('a'), 0);
  // It can be listed, but nothing in it can be looked at.
  chmodSync(at('b/c'), 0o400);
  chmodSync(at('b'), 0o600);
  chmodSync(at('d'), 0o100);
  chmodSync(lane.directory, 0);
  const commit = await collect(yard, lane);
  expect(await listFilesAt(yard.depot.path, commit)).toEqual([
    '100644 .gitignore',
    '100644 a/new',
    '100644 a/tracked',
    '100644 b/c/new',
    '100644 b/c/tracked',
    '100644 d/new',
    '100644 d/tracked',
    '100644 fresh/x',
    '100644 locked',
    '100755 program',
    '100755 run',
  ]);
  expect(await readFileAt(yard.depot.path, commit, 'locked')).toBe('edited');
});

test('what belongs to somebody else and cannot be read is refused, and does not look deleted', async (context) => {
  if (process.geteuid?.() !== 0) return context.skip('needs root to make files of another user');
  const yard = await useYard({ 'd/f': 'f', g: 'g' });
  const lane = await useLane(yard);
  asNobody(yard.directory);
  await writeFiles(lane.directory, { 'new/x': 'x', file: 'f' });
  process.seteuid?.(0);
  for (const path of ['d', 'new', 'file']) {
    chmodSync(join(lane.directory, path), 0);
    execFileSync('chown', ['0:0', join(lane.directory, path)]);
  }
  process.seteuid?.(65534);
  const { changes, refused } = await read(yard, lane);
  expect(why(refused)).toEqual({ d: 'cannot be read', new: 'cannot be read', file: 'cannot be read' });
  expect(changes).toEqual([]);
  return undefined;
});

test('the mode of an unreadable file is not shared with what it is linked to', async () => {
  const yard = await useYard({ f: 'f' });
  const lane = await useLane(yard);
  const outside = join(dirname(lane.directory), 'outside');
  writeFileSync(outside, 'o');
  symlinkSync(outside, join(lane.directory, 'link'));
  chmodSync(outside, 0);
  await read(yard, lane);
  expect(lstatSync(outside).mode & 0o777).toBe(0);
});
test('case 40: huge files are refused, unless the base has them', async () => {
  const yard = await useYard({ grown: 'small' });
  const lane = await useLane(yard);
  const at = (path: string): string => join(lane.directory, path);
  for (const [path, sizeBytes] of Object.entries({
    sparse: 3 * 2 ** 30,
    grown: FILE_BYTES_MAX + 1,
    largest: FILE_BYTES_MAX,
  })) {
    writeFileSync(at(path), '');
    truncateSync(at(path), sizeBytes);
  }
  const { changes, refused } = await read(yard, lane);
  expect(why(refused)).toEqual({ sparse: 'is larger than 100 MiB', grown: 'is larger than 100 MiB' });
  expect(changes.map(({ path }) => path)).toEqual(['largest']);

  const size = FILE_BYTES_MAX + 1;
  writeFileSync(at('sparse'), '');
  truncateSync(at('sparse'), size);
  const hashed = hashRegularFile(at('sparse'), size, 'sha1');
  const times = { mtimeSeconds: 0, mtimeNanoseconds: 0, ctimeSeconds: 0, ctimeNanoseconds: 0, ino: 0 };
  const baseline = new Map([
    ['sparse', { ...times, mode: MODE_FILE, size, oid: hashed.kind === 'ok' ? hashed.oid : '' }],
  ]);
  const options = {
    root: lane.directory,
    baseline,
    format: 'sha1' as const,
    excluded: new Set<string>(),
    trustedBeforeMs: 0,
  };
  const touched = new Walk(options);
  touched.tracked();
  expect([...touched.changes, ...touched.refused]).toEqual([]);
  const file = openSync(at('sparse'), 'r+');
  writeSync(file, 'x', 17);
  closeSync(file);
  const edited = new Walk(options);
  edited.tracked();
  expect(why(edited.refused)).toEqual({ sparse: 'is larger than 100 MiB' });
});

test('paths that are too long are refused', async () => {
  const yard = await useYard({ f: 'f' });
  const lane = await useLane(yard);
  const step = 'n'.repeat(250);
  // One call could not name it all.
  const deeper = `for (let i = 0; i < 24; i += 1) { fs.mkdirSync('${step}'); process.chdir('${step}'); } fs.writeFileSync('f', '')`;
  execFileSync(process.execPath, ['--eval', deeper], { cwd: lane.directory });
  onTestFinished(() => void execFileSync('rm', ['-rf', lane.directory]));
  const { changes, refused } = await read(yard, lane);
  expect(refused.map((refusal) => refusal.why)).toEqual(['has a path that is too long']);
  expect(changes).toEqual([]);
  const next = await useLane(yard, { base: yard.base, attempt: 2 });
  expect(readdirSync(next.directory)).toContain(step);
});
