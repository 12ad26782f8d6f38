import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import {
  commitFiles,
  listFilesAt,
  listRefsOf,
  makeRepository,
  readFileAt,
  writeFiles,
} from '../../test/fixtures/git/repository.ts';
import { makeFifo } from '../../test/fixtures/git/special-files.ts';
import { collect, laneRequest, moveOn, useLane, useYard } from '../../test/fixtures/git/yard.ts';
import type { TestYard } from '../../test/fixtures/git/yard.ts';
import { setRefs } from './depot.ts';
import { baseRefs, lanePaths, laneRefs } from './lane-names.ts';
import { commitsRefs } from './own-commits.ts';
import { retireLane } from './retire-lane.ts';
import type { RetireRequest, Retirement } from './retire-lane.ts';
import { salvageRef, salvageRefs } from './salvage.ts';

const FILES = { f: 'f\n', '.gitignore': '*.log\n' };

async function retire(yard: TestYard, options: Partial<RetireRequest> = {}): Promise<Retirement> {
  return retireLane({ ...laneRequest(yard), ...options });
}

/** What is left of the lane: files beside it, and refs. */
async function remains(yard: TestYard): Promise<unknown[]> {
  const paths = lanePaths(yard.stateDirectory, 'task');
  const refs = [laneRefs('task'), baseRefs('task')].map((prefix) => listRefsOf(yard.depot.path, prefix));
  return [
    ...[paths.directory, paths.index, paths.note].filter((path) => existsSync(path)),
    ...(await Promise.all(refs)).flatMap((found) => Object.keys(found)),
  ];
}

test('of what has landed whole nothing is kept', async () => {
  const yard = await useYard(FILES);
  const lane = await useLane(yard);
  await writeFiles(lane.directory, { f: 'edited\n', n: 'n', 'a.log': 'ignored' });
  const landed = await collect(yard, lane);
  expect(await retire(yard, { landed })).toEqual({ kind: 'retired' });
  expect(await listRefsOf(yard.depot.path, salvageRefs('task'))).toEqual({});
  expect(await remains(yard)).toEqual([]);
});

test('what did not land is kept: changes after the head, included ignored files, the agent’s own commits', async () => {
  const yard = await useYard(FILES);
  const lane = await useLane(yard);
  await writeFiles(lane.directory, { n: 'n' });
  const landed = await collect(yard, lane);
  const own = await commitFiles({ path: lane.directory }, { mine: 'm' });
  await writeFiles(lane.directory, { late: 'l', mine: null, 'a.log': 'log' });
  makeFifo(join(lane.directory, 'pipe'));
  expect(await retire(yard, { landed, include: ['*.log'] })).toEqual({ kind: 'retired' });
  expect((await listFilesAt(yard.depot.path, salvageRef('task', 1))).map((line) => line.slice(7))).toEqual([
    '.gitignore',
    'a.log',
    'f',
    'late',
    'n',
  ]);
  expect(await readFileAt(yard.depot.path, `${commitsRefs('task', 1)}/${own}`, 'mine')).toBe('m');
  expect(await remains(yard)).toEqual([]);
});

test('a lane that will not land is kept, also where nobody has worked in it since it was filled', async () => {
  const yard = await useYard(FILES);
  const lane = await useLane(yard);
  await writeFiles(lane.directory, { n: 'n' });
  const next = await useLane(yard, { attempt: 2, base: await moveOn(yard, { f: 'F\n' }) });
  expect(await retire(yard, { attempt: 2 })).toEqual({ kind: 'retired' });
  expect(Object.keys(await listRefsOf(yard.depot.path, salvageRefs('task')))).toEqual([
    salvageRef('task', 1),
    salvageRef('task', 2),
  ]);
  expect((await listRefsOf(yard.depot.path, salvageRefs('task')))[salvageRef('task', 2)]).toBe(next.content);
  expect(await remains(yard)).toEqual([]);
});

test('a lane without work leaves nothing, and one that is not there neither', async () => {
  const yard = await useYard(FILES);
  await useLane(yard);
  expect(await retire(yard)).toEqual({ kind: 'retired' });
  expect(await retire(yard)).toEqual({ kind: 'retired' });
  expect(await listRefsOf(yard.depot.path, 'refs/yard')).toEqual({});
});

test('a refill that was cut short: what it was to write is kept', async () => {
  const yard = await useYard(FILES);
  const lane = await useLane(yard);
  await writeFiles(lane.directory, { n: 'n' });
  const next = await useLane(yard, { attempt: 2, base: await moveOn(yard, { f: 'F\n' }) });
  rmSync(lanePaths(yard.stateDirectory, 'task').note);
  expect(await retire(yard, { attempt: 2 })).toEqual({ kind: 'retired' });
  expect((await listRefsOf(yard.depot.path, salvageRefs('task')))[salvageRef('task', 2)]).toBe(next.content);
  expect(await remains(yard)).toEqual([]);
});

const WHOLE: [string, (lane: string, yard: TestYard) => unknown, string][] = [
  ['a repository in it', (lane) => makeRepository(join(lane, 'nested'), { n: 'n' }), 'nested/n'],
  ['a git directory that nobody can trust', (lane) => replaceByFifo(join(lane, '.git/HEAD')), 'n'],
  ['an index that is damaged', (_, yard) => writeFileSync(lanePaths(yard.stateDirectory, 'task').index, ''), 'n'],
];

function replaceByFifo(path: string): void {
  rmSync(path);
  makeFifo(path);
}

test.each(WHOLE)('what no commit holds is kept whole: %s', async (_, spoil, kept) => {
  const yard = await useYard(FILES);
  const lane = await useLane(yard);
  await writeFiles(lane.directory, { n: 'n' });
  await spoil(lane.directory, yard);
  expect(await retire(yard, { landed: await collect(yard, lane).catch(() => null) })).toEqual({ kind: 'retired' });
  expect(readFileSync(join(yard.directory, 'keepsake/lane-of-1', kept), 'utf8')).toBe('n');
  expect(await remains(yard)).toEqual([]);
});

test('a link in the lane’s place is kept as the link that it is', async () => {
  const yard = await useYard(FILES);
  const lane = await useLane(yard);
  renameSync(lane.directory, join(yard.directory, 'moved'));
  mkdirSync(join(yard.directory, 'elsewhere'));
  writeFileSync(join(yard.directory, 'elsewhere/precious'), 'p');
  symlinkSync(join(yard.directory, 'elsewhere'), lane.directory);
  expect(await retire(yard)).toEqual({ kind: 'retired' });
  expect(readFileSync(join(yard.directory, 'elsewhere/precious'), 'utf8')).toBe('p');
  expect(await remains(yard)).toEqual([]);
});

test('where it cannot be kept the lane stays, and says why', async () => {
  const yard = await useYard(FILES);
  const lane = await useLane(yard);
  await writeFiles(lane.directory, { n: 'n' });
  // No ref can be made below a file.
  mkdirSync(join(yard.depot.path, 'refs/yard'), { recursive: true });
  writeFileSync(join(yard.depot.path, 'refs/yard/salvage'), `${yard.base}\n`);
  expect(await retire(yard)).toMatchObject({ kind: 'stays', why: expect.stringContaining('git') });
  expect(readFileSync(join(lane.directory, 'n'), 'utf8')).toBe('n');
  rmSync(join(yard.depot.path, 'refs/yard/salvage'));
  expect(await retire(yard)).toEqual({ kind: 'retired' });
  expect(await readFileAt(yard.depot.path, salvageRef('task', 1), 'n')).toBe('n');
});

test('a retirement that was cut short, at whatever step, is completed, and keeps nothing twice', async () => {
  for (const missing of [['note'], ['note', 'directory'], ['note', 'directory', 'index'], []] as const) {
    const yard = await useYard(FILES);
    const lane = await useLane(yard);
    await writeFiles(lane.directory, { n: 'n' });
    await retire(yard);
    const kept = await listRefsOf(yard.depot.path, 'refs/yard');
    const again = await useLane(yard);
    await writeFiles(again.directory, { n: 'n' });
    const paths = lanePaths(yard.stateDirectory, 'task');
    for (const name of missing) rmSync(paths[name], { recursive: true });
    // Refs go before the note.
    if (missing.length > 0) await retireRefs(yard);
    expect(await retire(yard, { atMs: 1_800_000_000_000 })).toEqual({ kind: 'retired' });
    expect(await listRefsOf(yard.depot.path, 'refs/yard')).toEqual(kept);
    expect(await remains(yard)).toEqual([]);
  }
});

async function retireRefs(yard: TestYard): Promise<void> {
  const refs = {
    ...(await listRefsOf(yard.depot.path, laneRefs('task'))),
    ...(await listRefsOf(yard.depot.path, baseRefs('task'))),
  };
  await setRefs(yard.depot, Object.fromEntries(Object.keys(refs).map((ref) => [ref, null])));
}
