import { chmodSync, existsSync, lstatSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { readFileAt, writeFiles } from '../../test/fixtures/git/repository.ts';
import { collect, laneRequest, moveOn, read, useLane, useYard } from '../../test/fixtures/git/yard.ts';
import type { TestYard } from '../../test/fixtures/git/yard.ts';
import { OTHER, ownersBelow, whyNoOwner } from '../../test/fixtures/processes/owners.ts';
import { giveTree } from '../process/owner.ts';
import type { Owner } from '../process/owner.ts';
import { runProcess } from '../process/run.ts';
import { fillDirectory, readFilled, UncleanableError } from './fill.ts';
import type { FillOptions } from './fill.ts';
import { lanePaths } from './lane-names.ts';
import { prepareLane } from './prepare-lane.ts';
import { salvageLane } from './salvage.ts';

const why = whyNoOwner();
const FILES = {
  a: 'a\n',
  'd/e/c': 'c\n',
  program: { executable: '#!/bin/sh\n' },
  link: { link: '/etc/hostname' },
  '.gitignore': 'ignored\n',
};
const US = `${process.getuid?.()}:${process.getgid?.()}`;
const THEIRS = `${OTHER.uid}:${OTHER.gid}`;

const slot = (yard: TestYard, owner: Owner | null): FillOptions => ({
  depot: yard.depot,
  directory: join(yard.directory, 'slot'),
  indexFile: join(yard.directory, 'slot.index'),
  tree: yard.base,
  owner,
});

/** Runs a shell command as the other user, with no right of ours; it must succeed. */
async function asOther(yard: TestYard, cwd: string, command: string): Promise<string> {
  // The way to the lane is closed for others; a cell opens it by mounts.
  for (const path of ['', 'lanes', 'depot.git', 'depot.git/objects']) {
    const directory = join(yard.stateDirectory, path);
    if (existsSync(directory)) chmodSync(directory, 0o755);
  }
  chmodSync(yard.directory, 0o711);
  const ids = [`--reuid=${OTHER.uid}`, `--regid=${OTHER.gid}`, '--clear-groups', '--inh-caps=-all'];
  const result = await runProcess('setpriv', [...ids, '--', '/bin/sh', '-ec', command], {
    cwd,
    env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent' },
  });
  if (result.kind !== 'exited' || result.code !== 0) throw new Error(result.stderr.toString('utf8'));
  return result.stdout.toString('utf8');
}

test('what is filled for another user is that user’s, and the index vouches for it', async (context) => {
  if (why !== null) context.skip(why);
  const yard = await useYard(FILES);
  const options = slot(yard, OTHER);
  await fillDirectory(options);
  const filled = readFilled(options);
  expect(ownersBelow(options.directory)).toEqual(new Set([THEIRS]));
  // A link is given away, not what it names.
  expect(statSync('/etc/hostname').uid).toBe(0);
  for (const file of [options.indexFile, `${options.indexFile}.boot`]) expect(ownersBelow(file)).toEqual(new Set([US]));

  const before = lstatSync(join(options.directory, 'd/e/c'), { bigint: true });
  const entry = filled.get('d/e/c');
  expect(BigInt(entry?.ctimeSeconds ?? 0) * 1_000_000_000n + BigInt(entry?.ctimeNanoseconds ?? 0)).toBe(before.ctimeNs);
  await asOther(
    yard,
    options.directory,
    'echo x > a; echo x > new; mkdir -m 700 closed; echo y > closed/y; chmod 500 d',
  );
  const next = await moveOn(yard, { 'd/e/n/m': 'm\n', program: null });
  await fillDirectory({ ...options, tree: next });
  const entries = readFilled(options);
  expect([...entries.keys()]).toEqual(['.gitignore', 'a', 'd/e/c', 'd/e/n/m', 'link']);
  expect(ownersBelow(options.directory)).toEqual(new Set([THEIRS]));
  expect(existsSync(join(options.directory, 'closed'))).toBe(false);
  // Not filled again: its stat data was trusted.
  const after = lstatSync(join(options.directory, 'd/e/c'), { bigint: true });
  expect([after.ino, after.ctimeNs]).toEqual([before.ino, before.ctimeNs]);
});

test('a directory of one owner is filled anew for another, and back', async (context) => {
  if (why !== null) context.skip(why);
  const yard = await useYard(FILES);
  for (const [owner, text] of [
    [null, US],
    [OTHER, THEIRS],
    [{ uid: OTHER.uid, gid: 12_345 }, `${OTHER.uid}:12345`],
    [null, US],
  ] as const) {
    const options = slot(yard, owner);
    await fillDirectory(options);
    expect(ownersBelow(options.directory)).toEqual(new Set([text]));
    writeFileSync(join(options.directory, 'left'), 'x');
  }
});

test('a directory whose owner nobody noted is filled anew', async (context) => {
  if (why !== null) context.skip(why);
  const yard = await useYard(FILES);
  const options = slot(yard, OTHER);
  await writeFiles(options.directory, { 'd/e/c': 'c\n', other: 'x' });
  await fillDirectory(options);
  expect(ownersBelow(options.directory)).toEqual(new Set([THEIRS]));
  expect(existsSync(join(options.directory, 'other'))).toBe(false);
});

test('a tree that is not there leaves nothing that is taken for filled', async (context) => {
  if (why !== null) context.skip(why);
  const yard = await useYard(FILES);
  const options = slot(yard, OTHER);
  const missing = { ...options, tree: '1'.repeat(40) };
  await expect(fillDirectory(missing)).rejects.toMatchObject({ code: 'git-failed' });
  await expect(fillDirectory(missing)).rejects.toBeInstanceOf(UncleanableError);
  await fillDirectory(options);
  expect(ownersBelow(options.directory)).toEqual(new Set([THEIRS]));
});

test('another user’s agent works and commits in its lane, which is read and salvaged', async (context) => {
  if (why !== null) context.skip(why);
  const yard = await useYard(FILES);
  const lane = await useLane(yard, { owner: OTHER });
  expect(lane.owner).toEqual(OTHER);
  expect(ownersBelow(lane.directory)).toEqual(new Set([THEIRS]));
  const { index, note } = lanePaths(yard.stateDirectory, 'task');
  for (const file of [index, note]) expect(ownersBelow(file)).toEqual(new Set([US]));

  expect(await asOther(yard, lane.directory, 'git status --porcelain')).toBe('');
  await asOther(
    yard,
    lane.directory,
    'echo b > a; git add a; git commit -qm own; umask 077; mkdir n; echo n > n/n; echo i > ignored; chmod 0 n/n; chmod 500 d',
  );
  expect((await read(yard, lane)).changes.map(({ path }) => path)).toEqual(['a', 'n/n']);
  const commit = await collect(yard, lane);
  expect(await readFileAt(yard.depot.path, commit, 'n/n')).toBe('n\n');
  const salvage = await salvageLane({ ...laneRequest(yard), attempt: 1, token: 1 }, lane);
  expect(salvage.unholdable).toEqual([]);
  expect(await readFileAt(yard.depot.path, salvage.work ?? '', 'a')).toBe('b\n');
});

test('a lane goes on for the same owner, and is filled anew with its work for another', async (context) => {
  if (why !== null) context.skip(why);
  const yard = await useYard(FILES);
  const lane = await useLane(yard, { owner: OTHER });
  await asOther(yard, lane.directory, 'echo b > a; echo i > ignored');
  const again = await prepareLane(laneRequest(yard, { attempt: 2, owner: OTHER }));
  expect(again).toMatchObject({ continued: true, owner: OTHER });
  expect(existsSync(join(lane.directory, 'ignored'))).toBe(true);
  const ours = await prepareLane(laneRequest(yard, { attempt: 3 }));
  expect(ours).toMatchObject({ continued: true, owner: null });
  expect(ownersBelow(lane.directory)).toEqual(new Set([US]));
  expect((await read(yard, ours)).changes).toEqual([]);
  expect(await readFileAt(yard.depot.path, ours.content, 'a')).toBe('b\n');
  const theirs = await prepareLane(laneRequest(yard, { attempt: 4, owner: OTHER }));
  expect(ownersBelow(lane.directory)).toEqual(new Set([THEIRS]));
  expect(await readFileAt(yard.depot.path, theirs.content, 'a')).toBe('b\n');
});

test('what has another name elsewhere is not given away with a tree, nor what a link names', async (context) => {
  if (why !== null) context.skip(why);
  const yard = await useYard(FILES);
  const at = (path: string): string => join(yard.directory, path);
  await writeFiles(at('tree'), { 'd/f': 'f', link: { link: at('victim') } });
  await writeFiles(yard.directory, { victim: 'v' });
  await asRoot(at('tree'), 'ln ../victim hard');
  giveTree(at('tree'), OTHER);
  expect(ownersBelow(at('tree/d'))).toEqual(new Set([THEIRS]));
  expect(lstatSync(at('tree/link')).uid).toBe(OTHER.uid);
  expect(statSync(at('victim')).uid).toBe(0);
});

async function asRoot(cwd: string, command: string): Promise<void> {
  await runProcess('/bin/sh', ['-ec', command], { cwd, env: { PATH: process.env['PATH'] ?? '' } });
}
