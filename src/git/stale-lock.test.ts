import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

import { makeRepository } from '../../test/fixtures/git/repository.ts';
import { useTemporaryDirectory } from '../../test/fixtures/temporary-directory.ts';
import { breakLock, clearLocks, findLock, mayHold, possibleHolders } from './stale-lock.ts';

test('who started after the lock was made cannot hold it; a clock that was set back proves nothing', () => {
  expect(mayHold(1_000, { madeMs: 50_000 }, 60_000)).toBe(true);
  expect(mayHold(51_000, { madeMs: 50_000 }, 60_000)).toBe(true);
  expect(mayHold(53_000, { madeMs: 50_000 }, 60_000)).toBe(false);
  expect(mayHold(53_000, { madeMs: 50_000 }, 49_000)).toBe(true);
});

/** A git that lives until it is killed, told to work in a git directory. */
async function liveGit(gitDirectory: string): Promise<{ pid: number; kill: () => Promise<void> }> {
  const child = spawn('git', ['cat-file', '--batch-check'], {
    cwd: '/',
    env: { PATH: process.env['PATH'] ?? '', GIT_DIR: gitDirectory },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  // It answers: so it has been exec'ed, and runs.
  child.stdin.write('HEAD\n');
  await once(child.stdout, 'data');
  return {
    pid: child.pid ?? 0,
    kill: async () => {
      const ended = once(child, 'close');
      child.kill('SIGKILL');
      await ended;
    },
  };
}

test.skipIf(process.platform !== 'linux')('case 4: a lock younger than the start of a live git is kept', async () => {
  const directory = await useTemporaryDirectory();
  const ours = join((await makeRepository(join(directory, 'ours'), { f: 'f' })).path, '.git');
  const other = join((await makeRepository(join(directory, 'other'), { f: 'f' })).path, '.git');
  const elsewhere = await liveGit(other);
  const holder = await liveGit(ours);
  mkdirSync(join(ours, 'refs/heads/a'), { recursive: true });
  const path = join(ours, 'refs/heads/a/b.lock');
  writeFileSync(path, '');
  const lock = findLock(path);
  if (lock === null) throw new Error('no lock');
  // Gits of other tests may count too while they start: until then they show no environment.
  const holders = possibleHolders(lock, ours);
  expect(holders).toContain(holder.pid);
  expect(holders).not.toContain(elsewhere.pid);
  expect(possibleHolders(lock, null)).toEqual(expect.arrayContaining([holder.pid, elsewhere.pid]));
  expect(breakLock(lock, ours)).toBe(false);
  expect(await clearLocks(ours, [path], 0)).toEqual({ free: false, removed: [] });
  expect(existsSync(path)).toBe(true);

  // Made before both of them started: whoever made it is dead.
  utimesSync(path, 1, 1);
  expect(possibleHolders({ ...lock, madeMs: 1_000 }, ours)).toEqual([]);
  // It is another one than what was looked at.
  expect(breakLock({ ...lock, madeMs: 500 }, ours)).toBe(false);
  expect(await clearLocks(ours, [path], 0)).toEqual({ free: true, removed: [path] });
  expect(existsSync(path)).toBe(false);

  writeFileSync(path, '');
  const waiting = clearLocks(ours, [path], 60_000);
  await holder.kill();
  expect(await waiting).toEqual({ free: true, removed: [path] });
});

test('a lock is a file: nothing else is taken for one', async () => {
  const directory = await useTemporaryDirectory();
  mkdirSync(join(directory, 'x.lock'));
  expect(findLock(join(directory, 'x.lock'))).toBeNull();
  expect(findLock(join(directory, 'y.lock'))).toBeNull();
  expect(await clearLocks(directory, [join(directory, 'x.lock')], 0)).toEqual({ free: true, removed: [] });
});
