import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';

import { failGit } from '../../test/fixtures/git/failing-git.ts';
import { commitFiles, writeFiles } from '../../test/fixtures/git/repository.ts';
import { laneRequest, read, useLane, useYard } from '../../test/fixtures/git/yard.ts';
import { createRef, moveRef } from './depot.ts';
import { retireLane } from './retire-lane.ts';
import { salvageLane } from './salvage.ts';

afterEach(() => void vi.unstubAllEnvs());

const SYNC_FAILED = `echo "fatal: fsync error on 'x': Input/output error" >&2; exit 128`;
const FULL = `echo 'fatal: write error: No space left on device' >&2; exit 128`;
const KILLED = 'kill -KILL $$';
const NO_MEMORY = `echo 'fatal: Out of memory, malloc failed' >&2; exit 128`;

test('after a failed sync no ref is moved again, nor taken for one that somebody else has made', async () => {
  const yard = await useYard({ f: 'f' });
  await createRef(yard.depot, 'refs/yard/there', yard.base);
  const git = failGit(yard.directory, 'update-ref', SYNC_FAILED);
  await expect(createRef(yard.depot, 'refs/yard/there', yard.base)).rejects.toMatchObject({ fault: 'disk-broken' });
  await expect(moveRef(yard.depot, 'refs/yard/there', null, yard.base)).rejects.toMatchObject({ fault: 'disk-broken' });
  expect(git.calls()).toBe(2);
});

test('what git refuses is tried again only where a lock was in the way, or git was killed', async () => {
  const yard = await useYard({ f: 'f' });
  const refused = failGit(yard.directory, 'update-ref', 'exit 128');
  await expect(createRef(yard.depot, 'refs/yard/a', yard.base)).rejects.toMatchObject({ exitCode: 128 });
  expect(refused.calls()).toBe(1);
  refused.mend();
  const other = join(yard.directory, 'other');
  mkdirSync(other);
  const killed = failGit(other, 'update-ref', `[ -e '${other}/once' ] || { touch '${other}/once'; ${KILLED}; }`);
  expect(await createRef(yard.depot, 'refs/yard/a', yard.base)).toBe(true);
  expect(killed.calls()).toBe(2);
});

test.each([
  ['killed', KILLED, { signal: 'SIGKILL' }],
  ['out of memory', NO_MEMORY, { fault: 'exhausted' }],
])('a git that is %s over the ignore rules says nothing of the lane', async (_, script, error) => {
  const yard = await useYard({ f: 'f', '.gitignore': '*.log\n' });
  const lane = await useLane(yard);
  await writeFiles(lane.directory, { n: 'n' });
  failGit(yard.directory, 'check-ignore', script);
  await expect(read(yard, lane)).rejects.toMatchObject({ code: 'git-failed', ...error });
  await expect(salvageLane(laneRequest(yard), lane)).rejects.toMatchObject({ code: 'git-failed', ...error });
});

test('ignore rules over which git itself crashes are the lane’s own fault', async () => {
  const yard = await useYard({ f: 'f', '.gitignore': '*.log\n' });
  const lane = await useLane(yard);
  await writeFiles(lane.directory, { n: 'n' });
  failGit(yard.directory, 'check-ignore', 'ulimit -c 0; kill -SEGV $$');
  await expect(read(yard, lane)).rejects.toMatchObject({ code: 'integrity' });
});

test.each([
  ['the disk is full', FULL, { fault: 'disk-full' }],
  ['git is killed', KILLED, { signal: 'SIGKILL' }],
  ['a sync fails', SYNC_FAILED, { fault: 'disk-broken' }],
])('a lane is not given up while %s', async (_, script, error) => {
  const yard = await useYard({ f: 'f' });
  const lane = await useLane(yard);
  await writeFiles(lane.directory, { n: 'n' });
  const git = failGit(yard.directory, 'fast-import', script);
  await expect(retireLane(laneRequest(yard))).rejects.toMatchObject(error);
  expect(readFileSync(join(lane.directory, 'n'), 'utf8')).toBe('n');
  git.mend();
  expect(await retireLane(laneRequest(yard))).toEqual({ kind: 'retired' });
});

test('an agent’s commits over which a sync fails are no doubt of them', async () => {
  const yard = await useYard({ f: 'f' });
  const lane = await useLane(yard);
  await commitFiles({ path: lane.directory }, { mine: 'm' });
  failGit(yard.directory, 'fetch', SYNC_FAILED);
  await expect(retireLane(laneRequest(yard))).rejects.toMatchObject({ fault: 'disk-broken' });
});

test('a lane that cannot be moved aside stays, with the reason', async () => {
  const yard = await useYard({ f: 'f' });
  const lane = await useLane(yard);
  rmSync(lane.directory, { recursive: true });
  writeFileSync(lane.directory, 'a file in its place');
  const keepsake = join(yard.directory, 'k'.repeat(300));
  expect(await retireLane({ ...laneRequest(yard), keepsake })).toMatchObject({
    kind: 'stays',
    why: expect.stringContaining('ENAMETOOLONG'),
  });
});
