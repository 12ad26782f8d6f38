import { existsSync, mkdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';

import { runGit, writeFiles } from '../../test/fixtures/git/repository.ts';
import { collect, IDENTITY, useLane, useYard } from '../../test/fixtures/git/yard.ts';
import type { TestYard } from '../../test/fixtures/git/yard.ts';
import { openDepot, resolve, treeOf } from './depot.ts';
import { writeCommit } from './merge.ts';
import { createTarget, moveTarget, readTarget } from './target.ts';
import type { MoveResult } from './target.ts';

const MAIN = 'refs/heads/main';

afterEach(() => void vi.unstubAllEnvs());

interface Candidates extends TestYard {
  /** Two landings on the target as it is; the first one holds the trailer that all landings have. */
  readonly to: string;
  readonly other: string;
  readonly lock: string;
  readonly mended: string[];
}

async function useCandidates(): Promise<Candidates> {
  const yard = await useYard({ f: 'f\n' });
  const lane = await useLane(yard);
  await writeFiles(lane.directory, { n: 'n' });
  const work = await collect(yard, lane);
  const tree = await treeOf(yard.depot, work);
  const commit = (message: string): Promise<string> =>
    writeCommit(yard.depot, { tree, parents: [yard.base, work], message, author: IDENTITY, atMs: 0 });
  await runGit(yard.source.path, ['checkout', '--quiet', '-b', 'elsewhere']);
  const mended: string[] = [];
  const depot = await openDepot(yard.stateDirectory, 'sha1', ({ path }) => {
    mended.push(path);
    return Promise.resolve();
  });
  return {
    ...yard,
    depot,
    mended,
    to: await commit('One\n\nYard-Task: A-1\n'),
    other: await commit('Two\n\nYard-Task: A-2\n'),
    lock: join(yard.repository.commonDirectory, `${MAIN}.lock`),
  };
}

function move({ repository, depot, base }: Candidates, to: string, sinceMs?: number): Promise<MoveResult> {
  const moment = sinceMs === undefined ? {} : { sinceMs };
  return moveTarget({ repository, depot, ref: MAIN, from: base, to, reason: 'land', ...moment });
}

/** As a killed git leaves it: long enough ago that nothing which runs now is older. */
function leave({ lock }: Candidates, content: string): number {
  writeFileSync(lock, content);
  utimesSync(lock, 1_000, 1_000);
  return statSync(lock).mtimeMs;
}

test('case 4: the lock of a landing that was killed is removed, by what it holds', async () => {
  const yard = await useCandidates();
  for (const content of [yard.to, yard.other]) {
    leave(yard, `${content}\n`);
    expect(await move(yard, yard.to)).toEqual({ kind: 'moved', holder: null });
    expect(existsSync(yard.lock)).toBe(false);
    await runGit(yard.source.path, ['update-ref', MAIN, yard.base]);
  }
  const madeMs = leave(yard, '');
  expect(await move(yard, yard.to, madeMs)).toEqual({ kind: 'moved', holder: null });
  expect(yard.mended).toEqual([yard.lock, yard.lock, yard.lock]);
});

test("case 4: somebody else's lock on the target is named and left", async () => {
  const yard = await useCandidates();
  const madeMs = leave(yard, '');
  const refused = { kind: 'refused', why: expect.stringContaining(yard.lock) };
  // Without an intent that was open at that time it is nobody's.
  expect(await move(yard, yard.to)).toMatchObject(refused);
  expect(await move(yard, yard.to, madeMs + 1)).toMatchObject(refused);
  for (const content of [`${yard.base}\n`, `${'1'.repeat(40)}\n`, yard.to.slice(0, 20), 'ref: refs/heads/x\n']) {
    leave(yard, content);
    expect(await move(yard, yard.to, 0)).toMatchObject(refused);
    expect(readFileSync(yard.lock, 'utf8')).toBe(content);
  }
  expect(yard.mended).toEqual([]);
  expect(await readTarget(yard.repository, MAIN)).toEqual({ kind: 'commit', commit: yard.base });
});

test('a target whose making was killed is made', async () => {
  const yard = await useCandidates();
  const ref = 'refs/heads/new';
  const lock = join(yard.repository.commonDirectory, `${ref}.lock`);
  writeFileSync(lock, `${yard.base}\n`);
  utimesSync(lock, 1_000, 1_000);
  await createTarget(yard.repository, ref, yard.base);
  expect(await readTarget(yard.repository, ref)).toEqual({ kind: 'commit', commit: yard.base });
  const empty = join(yard.repository.commonDirectory, 'refs/heads/newest.lock');
  writeFileSync(empty, '');
  utimesSync(empty, 1_000, 1_000);
  // Nobody can have begun to make it that early.
  const early = createTarget(yard.repository, 'refs/heads/newest', yard.base, statSync(empty).mtimeMs + 1);
  await expect(early).rejects.toMatchObject({ code: 'target-clash' });
  await createTarget(yard.repository, 'refs/heads/newest', yard.base, statSync(empty).mtimeMs);
  expect(await readTarget(yard.repository, 'refs/heads/newest')).toEqual({ kind: 'commit', commit: yard.base });
  writeFileSync(join(yard.repository.commonDirectory, 'refs/heads/newer.lock'), '');
  await expect(createTarget(yard.repository, 'refs/heads/newer', yard.base)).rejects.toMatchObject({
    code: 'target-clash',
    message: expect.stringContaining('newer.lock'),
  });
  expect(await resolve(yard.depot, yard.to)).toBe(yard.to);
});

test('a git that is killed while it makes the target is followed by another', async () => {
  const yard = await useCandidates();
  const programs = join(yard.stateDirectory, 'programs');
  mkdirSync(programs);
  const lock = join(yard.repository.commonDirectory, 'refs/heads/new.lock');
  const path = process.env['PATH'] ?? '';
  // It is killed once, at the moment at which it would rename its lock.
  const script = `#!/bin/sh
PATH='${path}'
case " $* " in *' update-ref '*) mkdir '${programs}/done' && { echo ${yard.base} > '${lock}'; kill -KILL $$; } ;; esac 2> /dev/null
exec git "$@"
`;
  writeFileSync(join(programs, 'git'), script, { mode: 0o755 });
  vi.stubEnv('PATH', `${programs}:${path}`);
  await createTarget(yard.repository, 'refs/heads/new', yard.base);
  expect(existsSync(join(programs, 'done'))).toBe(true);
  expect(await readTarget(yard.repository, 'refs/heads/new')).toEqual({ kind: 'commit', commit: yard.base });
});
