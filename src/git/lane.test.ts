import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

import {
  listFilesAt,
  listRefsOf,
  makeRepository,
  readFileAt,
  runGit,
  writeFiles,
} from '../../test/fixtures/git/repository.ts';
import { makeFifo, setImmutable } from '../../test/fixtures/git/special-files.ts';
import { collect, laneRequest, moveOn, read, useLane, useYard } from '../../test/fixtures/git/yard.ts';
import { setRefs } from './depot.ts';
import { openLane, unresolvedConflicts } from './lane.ts';
import { baseRef, baseRefs, lanePaths, laneRef } from './lane-names.ts';
import { prepareLane } from './prepare-lane.ts';
import { findRepository } from './repository.ts';
import { salvageLane, salvageRef } from './salvage.ts';

const FILES = { 'f.txt': 'one\ntwo\nthree\n', 'd/g': 'g\n', '.gitignore': '.env\n' };

test('a new lane holds the base, on its own branch, without a remote; the agent’s git works in it', async () => {
  const yard = await useYard({ ...FILES, x: { executable: 'x' }, l: { link: 'd' } });
  const lane = await useLane(yard, { excludes: '*.swp\n' });
  expect(lane).toMatchObject({ base: yard.base, content: yard.base, conflicts: [], continued: false });
  const at = async (...args: string[]): Promise<string> => runGit(lane.directory, args);
  expect(await at('status', '--porcelain=v2', '--branch')).toBe(`# branch.oid ${yard.base}\n# branch.head yard/task`);
  expect(await at('remote')).toBe('');
  expect(await at('config', 'user.email')).toBe('yard@example.com');
  await writeFiles(lane.directory, { 'f.txt': 'edited\n', n: 'n', '.env': 'S', 'a.swp': 'x' });
  expect(await at('status', '--porcelain')).toBe(' M f.txt\n?? n');
  await at('add', '--all');
  await at('commit', '--quiet', '--message', 'the agent commits');
  await at('fsck', '--strict');
  expect(await at('log', '--format=%s')).toBe('the agent commits\nfirst');
  await at('stash', 'list');
  await at('checkout', '--quiet', '-b', 'elsewhere');
  // Wherever its own git stands, the lane is what its files are.
  expect(await listFilesAt(yard.depot.path, await collect(yard, lane, { excludes: '*.swp\n' }))).toEqual([
    '100644 .gitignore',
    '100644 d/g',
    '100644 f.txt',
    '120000 l',
    '100644 n',
    '100755 x',
  ]);
  expect(await listRefsOf(yard.depot.path, 'refs/heads')).toEqual({});
  expect(await listRefsOf(yard.depot.path, baseRefs('task'))).toEqual({ [baseRef('task', 1)]: yard.base });
});

test('an identity of odd letters does not spoil the agent’s git', async () => {
  const yard = await useYard(FILES);
  const identity = { name: 'A "quoted" \\ name; # [x]\n\tevil = 1', email: 'é@x' };
  const lane = await useLane(yard, { identity });
  expect(await runGit(lane.directory, ['config', 'user.name'])).toBe('A "quoted" \\ name; # [x] \tevil = 1');
  expect(await runGit(lane.directory, ['config', 'user.email'])).toBe('é@x');
});

test('yard refuses to work inside a lane', async () => {
  const yard = await useYard(FILES);
  const lane = await useLane(yard);
  await expect(findRepository(lane.directory)).rejects.toMatchObject({ code: 'in-a-lane' });
  await expect(findRepository(join(lane.directory, 'd'))).rejects.toMatchObject({ code: 'in-a-lane' });
});

test('on the same base the lane stays as it is, and what it held is salvaged', async () => {
  const yard = await useYard(FILES);
  const first = await useLane(yard);
  await writeFiles(first.directory, { 'f.txt': 'edited\n', n: 'n', '.env': 'SECRET' });
  await runGit(first.directory, ['commit', '--quiet', '--all', '--message', 'mine']);
  const second = await useLane(yard, { attempt: 2 });
  expect(second).toMatchObject({ base: yard.base, content: yard.base, continued: true });
  expect(readFileSync(join(second.directory, 'f.txt'), 'utf8')).toBe('edited\n');
  expect(readFileSync(join(second.directory, '.env'), 'utf8')).toBe('SECRET');
  expect(await runGit(second.directory, ['log', '-1', '--format=%s'])).toBe('mine');
  expect((await read(yard, second)).changes.map(({ path }) => path)).toEqual(['f.txt', 'n']);
  const salvage = salvageRef('task', 1);
  expect(await listFilesAt(yard.depot.path, salvage)).toEqual([
    '100644 .gitignore',
    '100644 d/g',
    '100644 f.txt',
    '100644 n',
  ]);
  expect(await runGit(yard.depot.path, ['rev-parse', `${salvage}^`])).toBe(yard.base);
});

test('a lane without work is not continued, nor salvaged', async () => {
  const yard = await useYard(FILES);
  await useLane(yard);
  expect(await useLane(yard, { attempt: 2 })).toMatchObject({ continued: false });
  const base = await moveOn(yard, { n: 'n' });
  expect(await useLane(yard, { attempt: 3, base })).toMatchObject({ continued: false, base, content: base });
  expect(await listRefsOf(yard.depot.path, 'refs/yard/salvage')).toEqual({});
});

test('on a newer base the work is carried over, with a fresh .git', async () => {
  const yard = await useYard(FILES);
  const first = await useLane(yard);
  await writeFiles(first.directory, { 'f.txt': 'ONE\ntwo\nthree\n', n: 'n', '.env': 'S' });
  await runGit(first.directory, ['config', 'core.fsmonitor', 'touch marker; false']);
  const base = await moveOn(yard, { 'f.txt': 'one\ntwo\nTHREE\n', h: 'h' });
  const second = await useLane(yard, { attempt: 2, base });
  expect(second).toMatchObject({ base, continued: true, conflicts: [] });
  expect(readFileSync(join(second.directory, 'f.txt'), 'utf8')).toBe('ONE\ntwo\nTHREE\n');
  expect(existsSync(join(second.directory, '.env'))).toBe(false);
  expect(await runGit(second.directory, ['config', '--get-regexp', 'core'])).not.toContain('fsmonitor');
  expect(await runGit(second.directory, ['rev-parse', 'HEAD'])).toBe(base);
  expect(await runGit(second.directory, ['status', '--porcelain'])).toBe('M  f.txt\nA  n');
  expect((await read(yard, second)).changes).toEqual([]);
  const commit = await collect(yard, second);
  expect(await runGit(yard.depot.path, ['rev-parse', `${commit}^`])).toBe(base);
  expect(await listFilesAt(yard.depot.path, commit)).toEqual([
    '100644 .gitignore',
    '100644 d/g',
    '100644 f.txt',
    '100644 h',
    '100644 n',
  ]);
  // And once more, with work on top of work.
  await writeFiles(second.directory, { 'second.txt': 's', n: null });
  const third = await useLane(yard, { attempt: 3, base: await moveOn(yard, { i: 'i' }) });
  expect((await listFilesAt(yard.depot.path, third.content)).map((line) => line.slice(7))).toEqual(
    ['.gitignore', 'd/g', 'f.txt', 'h', 'i', 'second.txt'].toSorted(),
  );
  expect(readFileSync(join(third.directory, 'f.txt'), 'utf8')).toBe('ONE\ntwo\nTHREE\n');
});

test('what a person took off the target does not come back with earlier work', async () => {
  const yard = await useYard(FILES);
  const removed = await moveOn(yard, { 'removed.txt': 'r', 'f.txt': 'one\ntwo\nthree\nremoved\n' });
  const first = await useLane(yard, { base: removed });
  await writeFiles(first.directory, { n: 'n', 'f.txt': 'ONE\ntwo\nthree\nremoved\n' });
  const second = await useLane(yard, { attempt: 2, base: yard.base });
  expect(second).toMatchObject({ base: yard.base, continued: true, conflicts: [] });
  expect(await runGit(yard.depot.path, ['diff', '--name-only', yard.base, second.content])).toBe('f.txt\nn');
  expect(readFileSync(join(second.directory, 'f.txt'), 'utf8')).toBe('ONE\ntwo\nthree\n');
});

test('conflicts are filled in with their markers, named, and not forgotten before they are resolved', async () => {
  const yard = await useYard({ ...FILES, 'd/é': 'one\n' });
  const first = await useLane(yard);
  await writeFiles(first.directory, { 'f.txt': 'ours\n', 'd/é': 'ours\n', 'd/g': null });
  const second = await useLane(yard, {
    attempt: 2,
    base: await moveOn(yard, { 'f.txt': 'theirs\n', 'd/é': 'theirs\n', 'd/g': 'changed\n' }),
  });
  expect(second.conflicts).toEqual(['d/g', 'd/é', 'f.txt']);
  expect(readFileSync(join(second.directory, 'f.txt'), 'utf8')).toMatch(/^<{7} .*\ntheirs\n={7}\nours\n>{7} /);
  expect(await openLane(yard.depot, yard.stateDirectory, 'task')).toEqual(second);
  expect(await unresolvedConflicts(yard.depot, second, await collect(yard, second))).toEqual(['d/é', 'f.txt']);

  await writeFiles(second.directory, { 'd/é': 'resolved\n' });
  expect(await unresolvedConflicts(yard.depot, second, await collect(yard, second))).toEqual(['f.txt']);
  // On the same base, and on a newer one with which the merge is clean.
  const third = await useLane(yard, { attempt: 3, base: second.base });
  expect(third).toMatchObject({ conflicts: ['f.txt'], continued: true });
  const fourth = await useLane(yard, { attempt: 4, base: await moveOn(yard, { z: 'z' }) });
  expect(fourth.conflicts).toEqual(['f.txt']);
  await writeFiles(fourth.directory, { 'f.txt': 'resolved\n' });
  const fifth = await useLane(yard, { attempt: 5, base: await moveOn(yard, { z: 'zz' }) });
  expect(fifth.conflicts).toEqual([]);
  expect(readFileSync(join(fifth.directory, 'd/é'), 'utf8')).toBe('resolved\n');
});

test('earlier salvage stays, however often an attempt is begun', async () => {
  const yard = await useYard(FILES);
  const kept: string[] = [];
  for (const content of ['a', 'b', 'c']) {
    const lane = await useLane(yard, { attempt: 2 });
    await writeFiles(lane.directory, { n: content });
    const { work } = await salvageLane(laneRequest(yard, { attempt: 1 }), lane);
    kept.push(work ?? '');
  }
  const refs = await listRefsOf(yard.depot.path, 'refs/yard/salvage');
  expect(Object.values(refs)).toEqual(expect.arrayContaining(kept));
  const contents = await Promise.all(kept.map((commit) => readFileAt(yard.depot.path, commit, 'n')));
  expect(contents).toEqual(['a', 'b', 'c']);
});

test('what git cannot hold is kept by keeping the lane whole', async () => {
  const yard = await useYard(FILES);
  const first = await useLane(yard);
  await writeFiles(first.directory, { 'f.txt': 'edited\n' });
  await makeRepository(join(first.directory, 'nested'), { precious: 'p' });
  makeFifo(join(first.directory, 'fifo'));
  // On the same base nothing is in danger.
  await useLane(yard, { attempt: 2 });
  expect(existsSync(join(yard.directory, 'keepsake'))).toBe(false);
  const base = await moveOn(yard, { h: 'h' });
  const third = await useLane(yard, { attempt: 3, base });
  expect(readFileSync(join(yard.directory, 'keepsake/lane-of-2/nested/precious'), 'utf8')).toBe('p');
  expect(existsSync(join(yard.directory, 'keepsake/lane-of-2/fifo'))).toBe(true);
  expect(existsSync(join(third.directory, 'nested'))).toBe(false);
  expect(readFileSync(join(third.directory, 'f.txt'), 'utf8')).toBe('edited\n');
  expect(await read(yard, third)).toEqual({ changes: [], refused: [], special: [], ignored: [] });
  // A second one does not take the place of the first.
  await makeRepository(join(third.directory, 'nested'), { precious: 'q' });
  await useLane(yard, { attempt: 4, base: await moveOn(yard, { h: 'hh' }) });
  expect(readFileSync(join(yard.directory, 'keepsake/lane-of-2/nested/precious'), 'utf8')).toBe('p');
  expect(readFileSync(join(yard.directory, 'keepsake/lane-of-3/nested/precious'), 'utf8')).toBe('q');
});

test('a refill that was cut short, at whatever step, ends where it would have ended', async () => {
  const yard = await useYard(FILES);
  const base = await moveOn(yard, { 'f.txt': 'theirs\n' });
  const paths = lanePaths(yard.stateDirectory, 'task');
  // What was not there yet, or not any more, when the process died.
  const steps: string[][] = [
    [],
    [paths.note],
    [paths.note, paths.index],
    [paths.note, paths.directory],
    [paths.note, join(paths.directory, '.git')],
    [paths.note, join(paths.directory, 'd'), join(paths.directory, 'f.txt')],
    [paths.note, paths.directory, paths.index],
  ];
  for (const missing of steps) {
    const first = await useLane(yard);
    await writeFiles(first.directory, { 'f.txt': 'ours\n', n: 'n' });
    const second = await useLane(yard, { attempt: 2, base });
    for (const path of missing) rmSync(path, { recursive: true });
    if (missing.length === 3) writeFileSync(`${paths.index}.lock`, '');
    const again = await useLane(yard, { attempt: 2, base });
    expect(again).toMatchObject({ base, conflicts: ['f.txt'], continued: true });
    expect(await runGit(yard.depot.path, ['rev-parse', `${again.content}^{tree}`])).toBe(
      await runGit(yard.depot.path, ['rev-parse', `${second.content}^{tree}`]),
    );
    expect((await read(yard, again)).changes).toEqual([]);
    expect(await runGit(again.directory, ['status', '--porcelain'])).toBe('M  f.txt\nA  n');
    for (const path of Object.values(paths)) rmSync(path as string, { recursive: true });
    await setRefs(yard.depot, { [laneRef('task', 1)]: null, [laneRef('task', 2)]: null });
  }
});

test('a first fill that was cut short is begun again', async () => {
  const yard = await useYard(FILES);
  const paths = lanePaths(yard.stateDirectory, 'task');
  await useLane(yard);
  rmSync(paths.note);
  writeFileSync(join(paths.directory, 'd/g'), '');
  const lane = await useLane(yard);
  expect(lane.continued).toBe(false);
  expect((await read(yard, lane)).changes).toEqual([]);
});

function spoilNote(path: string, other: object): void {
  const note = JSON.parse(readFileSync(path, 'utf8')) as object;
  writeFileSync(path, JSON.stringify({ ...note, ...other }));
}

test('a lane that can be read no more is kept whole, never cleaned', async () => {
  const yard = await useYard(FILES);
  const paths = lanePaths(yard.stateDirectory, 'task');
  const spoilings: ((again: number) => void)[] = [
    () => rmSync(paths.index),
    () => writeFileSync(paths.index, ''),
    () => writeFileSync(paths.index, readFileSync(paths.index).fill(0, 100)),
    ...['', '7', 'null', '{}'].map((text) => () => writeFileSync(paths.note, text)),
    () => spoilNote(paths.note, { content: undefined }),
    () => spoilNote(paths.note, { base: '1'.repeat(40) }),
    () => spoilNote(paths.note, { content: '1'.repeat(40) }),
    () => spoilNote(paths.note, { conflicts: [7] }),
    () => spoilNote(paths.note, { filledMs: 'now' }),
    () => spoilNote(paths.note, { bootId: null }),
  ];
  for (const [again, spoil] of spoilings.entries()) {
    const lane = await useLane(yard);
    await writeFiles(lane.directory, { n: `work ${again}` });
    spoil(again);
    expect(await openLane(yard.depot, yard.stateDirectory, 'task')).toBeNull();
    const next = await useLane(yard);
    expect((await read(yard, next)).changes).toEqual([]);
    const kept = join(yard.directory, 'keepsake', again === 0 ? 'lane-of-0' : `lane-of-0-${again + 1}`);
    expect(readFileSync(join(kept, 'n'), 'utf8')).toBe(`work ${again}`);
  }
});

test('a link in the lane’s place is moved aside, and where it leads to is left alone', async () => {
  const yard = await useYard(FILES);
  const lane = await useLane(yard);
  await writeFiles(yard.directory, { 'elsewhere/precious': 'p', 'elsewhere/f.txt': 'mine' });
  renameSync(lane.directory, join(yard.directory, 'moved'));
  symlinkSync(join(yard.directory, 'elsewhere'), lane.directory);
  const next = await useLane(yard, { attempt: 2, base: await moveOn(yard, { h: 'h' }) });
  expect((await read(yard, next)).changes).toEqual([]);
  expect(readFileSync(join(yard.directory, 'elsewhere/precious'), 'utf8')).toBe('p');
  expect(readFileSync(join(yard.directory, 'elsewhere/f.txt'), 'utf8')).toBe('mine');
});

test('a lane that cannot be cleaned is replaced', async (context) => {
  const yard = await useYard(FILES);
  const lane = await useLane(yard);
  const stubborn = join(lane.directory, 'stubborn');
  mkdirSync(stubborn);
  writeFileSync(join(stubborn, 'f'), 'x');
  if (!setImmutable(join(stubborn, 'f'), true))
    return context.skip('this user or file system knows no immutable files');
  onTestFinished(() => void setImmutable(join(yard.stateDirectory, 'lanes'), false));
  const next = await prepareLane(laneRequest(yard, { attempt: 2, base: await moveOn(yard, { h: 'h' }) }));
  expect(readFileSync(join(next.directory, 'stubborn/f'), 'utf8')).toBe('x');
  expect((await read(yard, next)).changes).toEqual([]);
  return undefined;
});

test('what an agent planted in its lane never runs on the host', async () => {
  const yard = await useYard({ ...FILES, '.gitattributes': '* filter=planted diff=planted merge=planted\n' });
  const lane = await useLane(yard);
  const marker = join(yard.directory, 'marker');
  const program = `touch ${marker}; cat`;
  const settings: [string, string][] = [
    ['core.fsmonitor', program],
    ['core.hooksPath', join(lane.directory, 'hooks')],
    ['filter.planted.clean', program],
    ['filter.planted.smudge', program],
    ['filter.planted.process', program],
    ['diff.planted.textconv', program],
    ['merge.planted.driver', program],
    ['merge.default', 'planted'],
  ];
  for (const [key, value] of settings) await runGit(lane.directory, ['config', key, value]);
  const hooks = ['post-checkout', 'reference-transaction', 'post-index-change', 'pre-commit'];
  await writeFiles(
    lane.directory,
    Object.fromEntries(hooks.map((hook) => [`hooks/${hook}`, { executable: `#!/bin/sh\ntouch ${marker}\n` }])),
  );
  await writeFiles(lane.directory, { 'f.txt': 'ours\n', 'sub/.git/config': `[core]\nfsmonitor = "${program}"\n` });
  await read(yard, lane);
  const next = await useLane(yard, { attempt: 2, base: await moveOn(yard, { 'f.txt': 'theirs\n' }) });
  expect(next.conflicts).toEqual(['f.txt']);
  await collect(yard, next);
  expect(existsSync(marker)).toBe(false);
});
