import { readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { listFilesAt, listRefsOf, readFileAt, runGit, writeFiles } from '../../test/fixtures/git/repository.ts';
import { makeFifo } from '../../test/fixtures/git/special-files.ts';
import { collect, laneRequest, moveOn, read, useLane, useYard } from '../../test/fixtures/git/yard.ts';
import type { TestYard } from '../../test/fixtures/git/yard.ts';
import { createRef, resolve } from './depot.ts';
import { openLane } from './lane.ts';
import { lanePaths, laneRef } from './lane-names.ts';
import type { Lane, Note } from './lane.ts';
import { keepCommit, salvageLane, salvageRef, salvageRefs } from './salvage.ts';

const FILES = { f: 'f\n', 'd/g': 'g\n', 'd/h': 'h\n', '.gitignore': 'out/\n*.log\n.env\n' };

test('a name that is taken is never moved: what comes second has another one', async () => {
  const yard = await useYard(FILES);
  const lane = await useLane(yard);
  await createRef(yard.depot, salvageRef('task', 1), yard.base);
  await writeFiles(lane.directory, { n: 'n' });
  const { work } = await salvageLane(laneRequest(yard), lane);
  expect(await listRefsOf(yard.depot.path, salvageRefs('task'))).toEqual({
    [salvageRef('task', 1)]: yard.base,
    [`${salvageRef('task', 1)}-2`]: work,
  });
  expect(await createRef(yard.depot, salvageRef('task', 1), work ?? '')).toBe(false);
  expect(await resolve(yard.depot, salvageRef('task', 1))).toBe(yard.base);
});

test('two that keep the same lane at once keep both, or the same once', async () => {
  const yard = await useYard(FILES);
  const lane = await useLane(yard);
  await writeFiles(lane.directory, { n: 'n' });
  const all = await Promise.all(
    [1, 2, 3].map((second) => salvageLane({ ...laneRequest(yard), atMs: second * 1000 }, lane)),
  );
  const kept = new Set(Object.values(await listRefsOf(yard.depot.path, salvageRefs('task'))));
  for (const { work } of all) expect(await readFileAt(yard.depot.path, work ?? '', 'n')).toBe('n');
  for (const commit of kept) expect(await readFileAt(yard.depot.path, commit, 'n')).toBe('n');
  expect(kept.size).toBeGreaterThan(0);
});

test('the same content is kept once, whenever it is kept', async () => {
  const yard = await useYard(FILES);
  const lane = await useLane(yard);
  await writeFiles(lane.directory, { n: 'n' });
  const first = await salvageLane(laneRequest(yard), lane);
  const second = await salvageLane({ ...laneRequest(yard), atMs: 1_800_000_000_000 }, lane);
  expect(second).toEqual(first);
  expect(await listRefsOf(yard.depot.path, salvageRefs('task'))).toEqual({ [salvageRef('task', 1)]: first.work });
  expect(await keepCommit(yard.depot, { taskId: 'task', attempt: 5, commit: first.work ?? '' })).toBe(first.work);
  expect(Object.keys(await listRefsOf(yard.depot.path, salvageRefs('task')))).toEqual([salvageRef('task', 1)]);
});

test('a FIFO and what git cannot hold are named in the message', async () => {
  const yard = await useYard(FILES);
  const lane = await useLane(yard);
  await writeFiles(lane.directory, { n: 'n' });
  makeFifo(join(lane.directory, 'pipe'));
  const { work, unholdable } = await salvageLane(laneRequest(yard), lane);
  expect(unholdable).toEqual([]);
  expect(await runGit(yard.depot.path, ['log', '-1', '--format=%B', work ?? ''])).toContain(
    '- "pipe is a socket, FIFO or device"',
  );
});

test('ignored files that are included are kept, and neither carried over nor committed', async () => {
  const yard = await useYard(FILES);
  const include = ['out/**/*.txt', '*.log', 'deps/**', '.env'];
  const options = { include, excluded: ['deps', '.env'] };
  const lane = await useLane(yard, options);
  await writeFiles(lane.directory, {
    n: 'n',
    'out/a/report.txt': 'report',
    'out/a/report.bin': 'no',
    'run.log': 'log',
    'deps/installed.log': 'no',
    '.env': 'SECRET',
  });
  const next = await useLane(yard, { ...options, attempt: 2, base: await moveOn(yard, { f: 'F\n' }) });
  const kept = (await listFilesAt(yard.depot.path, salvageRef('task', 1))).map((line) => line.slice(7));
  expect(kept).toEqual(['.gitignore', 'd/g', 'd/h', 'f', 'n', 'out/a/report.txt', 'run.log']);
  const files = ['.gitignore', 'd/g', 'd/h', 'f', 'n'];
  expect((await listFilesAt(yard.depot.path, next.content)).map((line) => line.slice(7))).toEqual(files);
  expect((await listFilesAt(yard.depot.path, await collect(yard, next, options))).map((line) => line.slice(7))).toEqual(
    files,
  );
});

test('an attempt with an outdated token changes no ref of its successor’s', async () => {
  const yard = await useYard(FILES);
  const first = await useLane(yard);
  await writeFiles(first.directory, { n: 'n' });
  const base = await moveOn(yard, { f: 'F\n' });
  await useLane(yard, { attempt: 3, token: 9, base });
  const before = await listRefsOf(yard.depot.path, 'refs/yard');
  // It wakes up now, on an older base.
  await useLane(yard, { attempt: 2, token: 5 });
  expect(await listRefsOf(yard.depot.path, 'refs/yard')).toMatchObject(before);
});

/** As after a power cut: the note is of another boot, and what changes from here on counts as changed by the agent. */
async function restart(lane: Lane, yard: TestYard): Promise<Lane> {
  const { note } = lanePaths(yard.stateDirectory, 'task');
  const old = JSON.parse(readFileSync(note, 'utf8')) as Note;
  const mark = join(yard.directory, 'mark');
  writeFileSync(mark, '');
  const filledMs = statSync(mark).ctimeMs;
  writeFileSync(note, JSON.stringify({ ...old, bootId: 'another', filledMs }));
  // The clock of the file system ticks coarsely.
  while (statSync(mark).ctimeMs <= filledMs) writeFileSync(mark, 'x');
  const opened = await openLane(yard.depot, yard.stateDirectory, 'task');
  if (opened === null) throw new Error('there is no lane');
  expect(opened.restarted).toBe(true);
  return opened;
}

test('after a restart, what the power cut took is told from what the agent did', async () => {
  const yard = await useYard({ ...FILES, 'e/f/g': 'g\n' });
  const lane = await useLane(yard);
  truncateSync(join(lane.directory, 'f'));
  rmSync(join(lane.directory, 'e/f'), { recursive: true });
  rmSync(join(lane.directory, 'd/h'));
  const cut = await restart(lane, yard);
  await writeFiles(lane.directory, { 'd/g': 'edited\n', n: 'n' });

  const next = await useLane(yard, { attempt: 2 });
  expect(next).toMatchObject({ base: yard.base, restarted: false, continued: true });
  expect((await read(yard, next)).changes).toEqual([]);
  const at = (path: string): string => readFileSync(join(next.directory, path), 'utf8');
  expect([at('f'), at('d/g'), at('n'), at('e/f/g')]).toEqual(['f\n', 'edited\n', 'n', 'g\n']);
  // As it was found it is kept too: no clock is trusted with anything that could not be had back.
  expect(await readFileAt(yard.depot.path, salvageRef('task', 1), 'f')).toBe('');
  expect(await resolve(yard.depot, laneRef('task', 2))).toBe(next.content);
  expect(cut.trustedBeforeMs).toBe(0);
});

test('after a restart without work the lane is filled anew', async () => {
  const yard = await useYard(FILES);
  const lane = await useLane(yard);
  truncateSync(join(lane.directory, 'f'));
  await restart(lane, yard);
  const next = await useLane(yard, { attempt: 2 });
  expect(next).toMatchObject({ restarted: false, continued: false });
  expect(readFileSync(join(next.directory, 'f'), 'utf8')).toBe('f\n');
});

test('what an agent deleted stays deleted over a restart', async () => {
  const yard = await useYard(FILES);
  const lane = await useLane(yard);
  await restart(lane, yard);
  rmSync(join(lane.directory, 'd'), { recursive: true });
  writeFileSync(join(lane.directory, 'd'), 'a file now');
  const next = await useLane(yard, { attempt: 2 });
  expect(await listFilesAt(yard.depot.path, next.content)).toEqual(['100644 .gitignore', '100644 d', '100644 f']);
});

test('what a power cut took of a lane that has landed is not kept as if it were work', async () => {
  const yard = await useYard(FILES);
  const lane = await useLane(yard);
  await writeFiles(lane.directory, { n: 'n' });
  const landed = await collect(yard, lane);
  rmSync(join(lane.directory, 'n'));
  truncateSync(join(lane.directory, 'f'));
  const cut = await restart(lane, yard);
  await writeFiles(lane.directory, { n: 'n' });
  await salvageLane({ ...laneRequest(yard), token: null, landed }, cut);
  expect(await listRefsOf(yard.depot.path, salvageRefs('task'))).toEqual({});
});
