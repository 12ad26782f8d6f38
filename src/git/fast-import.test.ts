import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { listFilesAt, listRefsOf, readFileAt, runGit, writeFiles } from '../../test/fixtures/git/repository.ts';
import { IDENTITY, read, useLane, useYard } from '../../test/fixtures/git/yard.ts';
import type { TestYard } from '../../test/fixtures/git/yard.ts';
import { blobId } from './blob.ts';
import { treeOf } from './depot.ts';
import { commitChanges } from './fast-import.ts';
import type { CommitRequest } from './fast-import.ts';
import { MODE_FILE } from './index-file.ts';
import type { Change } from './walk.ts';

const REF = 'refs/yard/attempt/task/1/1';

function request(
  yard: TestYard,
  root: string,
  changes: readonly Change[],
  more: Partial<CommitRequest> = {},
): CommitRequest {
  return {
    ref: REF,
    parent: yard.base,
    tree: null,
    changes,
    root,
    message: 'message\n',
    author: IDENTITY,
    atMs: 1_700_000_000_999,
    ...more,
  };
}

function added(path: string, content: string, format: 'sha1' | 'sha256' = 'sha1'): Change {
  return { path, mode: MODE_FILE, oid: blobId(Buffer.from(content, 'latin1'), format) };
}

/** Writes a file whose name and content are bytes, one for each character. */
function write(root: string, path: string, content: string): void {
  const absolute = Buffer.concat([Buffer.from(`${root}/`), Buffer.from(path, 'latin1')]);
  mkdirSync(absolute.subarray(0, absolute.lastIndexOf(0x2f)), { recursive: true });
  writeFileSync(absolute, content, 'latin1');
}

test('every byte can stand in a name: first, last, alone', async () => {
  const yard = await useYard({ first: 'f' });
  const changes: Change[] = [];
  for (let byte = 1; byte < 256; byte += 1) {
    if (byte === 0x2f) continue;
    const letter = String.fromCharCode(byte);
    for (const path of [`x${letter}`, `${letter}y${letter}/z`, ...(letter === '.' ? [] : [letter])]) {
      write(yard.directory, `lane/${path}`, path);
      changes.push(added(path, path));
    }
  }
  const commit = await commitChanges(yard.depot, request(yard, join(yard.directory, 'lane'), changes));
  const expected = ['first', ...changes.map(({ path }) => path)].map((path) => `100644 ${path}`);
  expect(await listFilesAt(yard.depot.path, commit)).toEqual(expected.toSorted());
  await runGit(yard.depot.path, ['fsck', '--strict', '--full', '--no-dangling']);
});

test('the commit says what it was told, and its ref points at it', async () => {
  const yard = await useYard({ f: 'f' });
  write(yard.directory, 'lane/n', 'n');
  const message = 'Subject é\n\nBody\nfrom refs/heads/main\nM 100644 inline x\ndone\n\0after NUL\n\n\n';
  const author = { name: 'A <b>\nc', email: 'x@y>\n<z' };
  const commit = await commitChanges(
    yard.depot,
    request(yard, join(yard.directory, 'lane'), [added('n', 'n')], { message, author }),
  );
  expect(await listRefsOf(yard.depot.path)).toEqual({ [REF]: commit });
  const raw = await runGit(yard.depot.path, ['cat-file', 'commit', commit]);
  expect(raw.split('\n').slice(1)).toEqual([
    `parent ${yard.base}`,
    'author A  b  c <x@y   z> 1700000000 +0000',
    'committer A  b  c <x@y   z> 1700000000 +0000',
    '',
    ...message.replace('\0', '').split('\n').slice(0, -1),
  ]);
});

test('a file becomes a directory and back, within one commit', async () => {
  const yard = await useYard({ a: 'file', 'b/x': 'x', 'b/y/z': 'z' });
  write(yard.directory, 'lane/a/inside', 'i');
  write(yard.directory, 'lane/b', 'now a file');
  const gone = (path: string): Change => ({ path, mode: MODE_FILE, oid: null });
  const changes = [added('a/inside', 'i'), gone('a'), added('b', 'now a file'), gone('b/x'), gone('b/y/z')];
  const commit = await commitChanges(yard.depot, request(yard, join(yard.directory, 'lane'), changes));
  expect(await listFilesAt(yard.depot.path, commit)).toEqual(['100644 a/inside', '100644 b']);
});

test('changes go on top of another tree than the parent’s, and that tree alone makes a commit too', async () => {
  const yard = await useYard({ f: 'f', g: 'g' });
  const root = join(yard.directory, 'lane');
  write(root, 'n', 'n');
  const first = await commitChanges(
    yard.depot,
    request(yard, root, [added('n', 'n'), { path: 'f', mode: MODE_FILE, oid: null }]),
  );
  const tree = await treeOf(yard.depot, first);
  write(root, 'm', 'm');
  const second = await commitChanges(yard.depot, request(yard, root, [added('m', 'm')], { tree, ref: `${REF}1` }));
  expect(await listFilesAt(yard.depot.path, second)).toEqual(['100644 g', '100644 m', '100644 n']);
  expect(await runGit(yard.depot.path, ['rev-list', '--parents', '-1', second])).toBe(`${second} ${yard.base}`);
  const same = await commitChanges(yard.depot, request(yard, root, [], { tree, ref: `${REF}2` }));
  expect(await treeOf(yard.depot, same)).toBe(tree);
  const none = await commitChanges(yard.depot, request(yard, root, [], { ref: `${REF}3` }));
  expect(await treeOf(yard.depot, none)).toBe(await treeOf(yard.depot, yard.base));
});

test('a ref that holds another commit stays as it is', async () => {
  const yard = await useYard({ f: 'f' });
  const root = join(yard.directory, 'lane');
  write(root, 'n', 'n');
  write(root, 'm', 'm');
  const first = await commitChanges(yard.depot, request(yard, root, [added('n', 'n')]));
  const again = commitChanges(yard.depot, request(yard, root, [added('m', 'm')]));
  await expect(again).rejects.toMatchObject({ code: 'git-failed' });
  expect(await listRefsOf(yard.depot.path)).toEqual({ [REF]: first });
  // The very same commit is no other one.
  await expect(commitChanges(yard.depot, request(yard, root, [added('n', 'n')]))).resolves.toBe(first);
});

test('a file that changed after it was looked at is an integrity failure, and no ref moves', async () => {
  const yard = await useYard({ f: 'f' });
  const lane = await useLane(yard);
  await writeFiles(lane.directory, { f: 'seen', n: 'n' });
  const { changes } = await read(yard, lane);
  writeFileSync(join(lane.directory, 'f'), 'later');
  const commit = commitChanges(yard.depot, request(yard, lane.directory, changes));
  await expect(commit).rejects.toMatchObject({ code: 'integrity', message: expect.stringContaining('f changed') });
  expect(await listRefsOf(yard.depot.path, 'refs/yard/attempt')).toEqual({});
});

test('a commit that is not what was meant is an integrity failure', async () => {
  const yard = await useYard({ f: 'f', 'd/x': 'x' });
  const root = join(yard.directory, 'lane');
  write(root, 'a', 'a');
  // A file and what would be below it: git keeps one of them.
  write(root, 'p', 'p');
  const clash = [added('p', 'p'), added('p/q', 'p')];
  await expect(commitChanges(yard.depot, request(yard, root, clash))).rejects.toMatchObject({ code: 'integrity' });
  // A deletion of what is not there.
  const nothing: Change[] = [added('a', 'a'), { path: 'never', mode: MODE_FILE, oid: null }];
  const call = commitChanges(yard.depot, request(yard, root, nothing, { ref: `${REF}1` }));
  await expect(call).rejects.toMatchObject({ code: 'integrity', message: expect.stringContaining('never') });
});

test('more content than one piece holds, and the same content twice', async () => {
  const yard = await useYard({ f: 'f' });
  const root = join(yard.directory, 'lane');
  const contents = ['a', 'b', 'c'].map((letter) => Buffer.alloc(10 * 2 ** 20, letter));
  const changes: Change[] = contents.map((content, index) => {
    mkdirSync(root, { recursive: true });
    writeFileSync(join(root, `big-${index}`), content);
    return { path: `big-${index}`, mode: MODE_FILE, oid: blobId(content, 'sha1') };
  });
  write(root, 'copy/of', 'same');
  write(root, 'same', 'same');
  const commit = await commitChanges(
    yard.depot,
    request(yard, root, [...changes, added('copy/of', 'same'), added('same', 'same')]),
  );
  const { length } = await listFilesAt(yard.depot.path, commit);
  expect(length).toBe(6);
  expect(await readFileAt(yard.depot.path, commit, 'copy/of')).toBe('same');
  expect(await runGit(yard.depot.path, ['cat-file', '-s', `${commit}:big-2`])).toBe(String(10 * 2 ** 20));
});
