import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, expect, test, vi } from 'vitest';

import {
  commitFiles,
  listFilesAt,
  listRefsOf,
  readFileAt,
  runGit,
  writeFiles,
} from '../../test/fixtures/git/repository.ts';
import { collect, laneRequest, moveOn, read, useLane, useYard } from '../../test/fixtures/git/yard.ts';
import { useTemporaryDirectory } from '../../test/fixtures/temporary-directory.ts';
import {
  fetchCommit,
  inDepot,
  isAncestor,
  listRefs,
  openDepot,
  readBlobs,
  requireDepot,
  resolve,
  setRefs,
  treeOf,
} from './depot.ts';
import { commitChanges } from './fast-import.ts';
import { git } from './git.ts';
import { prepareLane } from './prepare-lane.ts';
import { Merger, writeCommit } from './merge.ts';
import { moveTarget, readTarget } from './target.ts';

afterEach(() => void vi.unstubAllEnvs());

const depotModule = new URL('./depot.ts', import.meta.url).href;

test('processes that come at once make one depot', async () => {
  const state = await useTemporaryDirectory();
  const open = `const { openDepot } = await import(${JSON.stringify(depotModule)});
    const all = await Promise.all([openDepot(process.argv[1], 'sha1'), openDepot(process.argv[1], 'sha1')]);
    console.log(all[0].path);`;
  const start = () => promisify(execFile)(process.execPath, ['--input-type=module', '--eval', open, state]);
  const answers = await Promise.all([start(), start(), start(), start()]);
  expect(new Set(answers.map(({ stdout }) => stdout))).toEqual(new Set([`${join(state, 'depot.git')}\n`]));
  expect(readdirSync(state).toSorted()).toEqual(['depot.git', 'fill.git']);
  await runGit(join(state, 'depot.git'), ['fsck']);
});

test('a depot that was half made when its maker died is made again', async () => {
  const state = await useTemporaryDirectory();
  mkdirSync(join(state, 'depot.git.new-abc'));
  writeFileSync(join(state, 'depot.git.new-abc/HEAD'), '');
  mkdirSync(join(state, 'depot.git'));
  const depot = await openDepot(state, 'sha1');
  expect(await runGit(depot.path, ['rev-parse', '--is-bare-repository'])).toBe('true');
  expect(await openDepot(state, 'sha1')).toEqual(depot);
});

test('a depot that is gone is not made anew where work has been done', async () => {
  for (const lived of ['attempts/A-1', 'lanes/A-1']) {
    const state = await useTemporaryDirectory();
    mkdirSync(join(state, lived.split('/')[0] ?? ''));
    await openDepot(state, 'sha1');
    rmSync(join(state, 'depot.git'), { recursive: true });
    mkdirSync(join(state, lived));
    await expect(openDepot(state, 'sha1')).rejects.toMatchObject({ code: 'depot-gone' });
    expect(() => requireDepot(state, 'sha1')).toThrow(expect.objectContaining({ code: 'depot-gone' }));
    expect(readdirSync(state)).not.toContain('depot.git');
  }
});

test('commits come and go by their id, with all of their history', async () => {
  const yard = await useYard({ f: '1' });
  const { depot, repository, source } = yard;
  const shas = [yard.base];
  for (const f of ['2', '3', '4']) shas.push(await commitFiles(source, { f, [`d/${f}`]: f }));
  const head = shas.at(-1) ?? '';
  // Nothing names it any more.
  await runGit(source.path, ['reset', '--quiet', '--hard', yard.base]);
  await fetchCommit({ into: depot.path, from: repository.commonDirectory, commit: head });
  expect((await runGit(depot.path, ['rev-list', head])).split('\n')).toEqual(shas.toReversed());
  await runGit(depot.path, ['fsck', '--strict', '--full', '--no-dangling']);
  expect(await listRefsOf(depot.path)).toEqual({});
  expect(existsSync(join(depot.path, 'FETCH_HEAD'))).toBe(false);

  const lane = await useLane(yard, { base: head });
  await writeFiles(lane.directory, { g: 'g' });
  const commit = await collect(yard, lane);
  await fetchCommit({ into: repository.commonDirectory, from: depot.path, commit });
  expect(await readFileAt(source, commit, 'g')).toBe('g');
  expect(existsSync(join(repository.commonDirectory, 'FETCH_HEAD'))).toBe(false);
  expect(Object.keys(await listRefsOf(source))).toEqual(['refs/heads/main']);
  await expect(fetchCommit({ into: depot.path, from: source.path, commit: '1'.repeat(40) })).rejects.toMatchObject({
    code: 'git-failed',
  });
});

test('a repository of another user that its operator trusts can be read', async (context) => {
  if (process.geteuid?.() !== 0) return context.skip('needs root to make a repository of another user');
  const yard = await useYard({ f: '1' });
  const head = await commitFiles(yard.source, { f: '2' });
  await promisify(execFile)('chown', ['-R', '65534:65534', yard.source.path]);
  await fetchCommit({ into: yard.depot.path, from: yard.repository.commonDirectory, commit: head });
  expect(await resolve(yard.depot, head)).toBe(head);
  return undefined;
});

test('names resolve to what is there, and to nothing else', async () => {
  const { depot, base } = await useYard({ f: '1' });
  await setRefs(depot, { 'refs/yard/target': base });
  expect(await resolve(depot, 'refs/yard/target')).toBe(base);
  expect(await resolve(depot, base)).toBe(base);
  expect(await resolve(depot, '1'.repeat(40))).toBeNull();
  expect(await resolve(depot, 'refs/yard/nothing')).toBeNull();
  expect(await resolve(depot, '--all')).toBeNull();
  expect(await resolve(depot, `${base}^{tree}`)).toBe(await treeOf(depot, base));
  await expect(resolve({ ...depot, path: join(depot.path, 'nowhere') }, base)).rejects.toMatchObject({
    code: 'git-failed',
  });
});

test('refs are set together or not at all', async () => {
  const yard = await useYard({ f: '1' });
  const { depot, base } = yard;
  const next = await moveOn(yard, { f: '2' });
  await setRefs(depot, {});
  await setRefs(depot, { 'refs/yard/a/1': base, 'refs/yard/a/2': next, 'refs/yard/ab': base });
  expect(await listRefs(depot, 'refs/yard/a')).toEqual(
    new Map([
      ['refs/yard/a/1', base],
      ['refs/yard/a/2', next],
    ]),
  );
  await expect(setRefs(depot, { 'refs/yard/a/1': next, 'refs/yard/a/2': '1'.repeat(40) })).rejects.toMatchObject({
    code: 'git-failed',
  });
  expect(await resolve(depot, 'refs/yard/a/1')).toBe(base);
  await setRefs(depot, { 'refs/yard/a/1': null, 'refs/yard/a/2': base, 'refs/yard/never': null });
  expect(await listRefsOf(depot.path)).toEqual({ 'refs/yard/a/2': base, 'refs/yard/ab': base });
  expect(await isAncestor(depot, base, next)).toBe(true);
  expect(await isAncestor(depot, base, base)).toBe(true);
  expect(await isAncestor(depot, next, base)).toBe(false);
});

test('case 4: a lock that a killed git left in the depot is removed at once, and told of', async () => {
  const yard = await useYard({ f: '1' });
  const { base } = yard;
  const mended: string[] = [];
  const depot = await openDepot(yard.stateDirectory, 'sha1', ({ what, path }) => {
    mended.push(`${what} ${relative(yard.depot.path, path)}`);
    return Promise.resolve();
  });
  const ref = 'refs/yard/x';
  await setRefs(depot, { [ref]: base });
  const lane = await useLane(yard);
  await writeFiles(lane.directory, { n: 'n' });
  const { changes } = await read(yard, lane);
  const next = await collect(yard, lane);
  for (const name of [ref, 'refs/yard/y', 'packed-refs']) {
    writeFileSync(join(depot.path, `${name}.lock`), '');
    const act = async (): Promise<unknown> =>
      name === 'refs/yard/y'
        ? commitChanges(depot, {
            ref: name,
            parent: base,
            tree: null,
            changes,
            root: lane.directory,
            message: 'm',
            author: { name: 'n', email: 'e' },
            atMs: 0,
          })
        : setRefs(depot, { [ref]: name === ref ? next : null });
    await act();
  }
  expect(mended).toEqual([ref, 'refs/yard/y', 'packed-refs'].map((name) => `stale-lock ${name}.lock`));
  expect(await resolve(depot, ref)).toBeNull();
  expect(await resolve(depot, 'refs/yard/y')).not.toBeNull();
});

test('blobs are told from what is missing and from what is none', async () => {
  const yard = await useYard({ a: 'a\n\nb', empty: '', d: 'x' });
  const { depot, base } = yard;
  const oids = await Promise.all(
    ['a', 'empty', 'd'].map((path) => runGit(depot.path, ['rev-parse', `${base}:${path}`])),
  );
  const [a = '', empty = '', d = ''] = oids;
  const blobs = await readBlobs(depot, [a, '1'.repeat(40), base, await treeOf(depot, base), empty, d, a]);
  expect(blobs.map((blob) => blob?.toString() ?? null)).toEqual(['a\n\nb', null, null, null, '', 'x', 'a\n\nb']);
  expect(await readBlobs(depot, [])).toEqual([]);
});

test('what is written to the depot is synced', async () => {
  const yard = await useYard({ f: 'f' });
  const trace = join(yard.directory, 'trace');
  const bin = join(yard.directory, 'bin');
  mkdirSync(bin);
  // git counts its own syncs and says so at its end.
  writeFileSync(
    join(bin, 'git'),
    `#!/bin/sh\nGIT_TRACE2_EVENT='${trace}' exec "$REAL_GIT" "$@"\n`.replace('$REAL_GIT', await realGit()),
  );
  chmodSync(join(bin, 'git'), 0o755);
  vi.stubEnv('PATH', `${bin}:${process.env['PATH'] ?? ''}`);
  const flushes = (): number => {
    const lines = existsSync(trace) ? readFileSync(trace, 'utf8').split('\n') : [];
    writeFileSync(trace, '');
    const counts = lines
      .filter((line) => line.includes('"fsync/hardware-flush"'))
      .map((line) => JSON.parse(line) as { value: string });
    return counts.reduce((sum, { value }) => sum + Number(value), 0);
  };
  const lane = await useLane(yard);
  flushes();
  await writeFiles(lane.directory, { n: 'n' });
  await collect(yard, lane);
  expect(flushes()).toBeGreaterThan(0);
  await setRefs(yard.depot, { 'refs/yard/x': yard.base });
  expect(flushes()).toBeGreaterThan(0);
  await writeCommit(yard.depot, {
    tree: await treeOf(yard.depot, yard.base),
    parents: [yard.base],
    message: 'm',
    author: { name: 'n', email: 'e' },
    atMs: 0,
  });
  expect(flushes()).toBeGreaterThan(0);
  const { stdout } = await git(['config', '--get', 'core.fsync'], inDepot(yard.depot));
  expect(stdout.toString()).toBe('all\n');
});

async function realGit(): Promise<string> {
  const { stdout } = await promisify(execFile)('sh', ['-c', 'command -v git']);
  return stdout.trim();
}

test('a repository of sha256 goes all the way', async () => {
  const yard = await useYard({ f: 'f\n', '.gitignore': 'secret\n', l: { link: 'f' } }, { format: 'sha256' });
  const { depot, repository, source, base } = yard;
  expect(base).toHaveLength(64);
  const lane = await useLane(yard);
  expect((await read(yard, lane)).changes).toEqual([]);
  expect(await runGit(lane.directory, ['status', '--porcelain'])).toBe('');
  await writeFiles(lane.directory, { n: 'n', secret: 'S', 'd/x': { executable: 'x' } });
  const work = await collect(yard, lane);
  expect(await listFilesAt(depot.path, work)).toEqual([
    '100644 .gitignore',
    '100755 d/x',
    '100644 f',
    '120000 l',
    '100644 n',
  ]);

  const theirs = await moveOn(yard, { f: 'g\n' });
  const merger = await Merger.create(depot, join(yard.stateDirectory, 'tmp'));
  await merger.useAttributesOf(theirs);
  const merge = await merger.merge(theirs, work);
  await merger.dispose();
  expect(merge.kind).toBe('clean');
  const author = { name: 'n', email: 'e' };
  const commit = await writeCommit(depot, { tree: merge.tree, parents: [theirs], message: 'm', author, atMs: 0 });

  const ref = 'refs/heads/main';
  await runGit(source.path, ['checkout', '--quiet', '--detach']);
  const moved = await moveTarget({ repository, depot, ref, from: theirs, to: commit, reason: 'land' });
  expect(moved).toEqual({ kind: 'moved', holder: null });
  expect(await readTarget(repository, ref)).toEqual({ kind: 'commit', commit });
  expect(await readFileAt(source, 'main', 'n')).toBe('n');
  const next = await prepareLane(laneRequest(yard, { base: commit, attempt: 2 }));
  expect(next.continued).toBe(true);
  expect(next.conflicts).toEqual([]);
});
