import { lstatSync, readFileSync, realpathSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

import { systemClock } from '../process/clock.ts';
import { errnoOf } from '../process/errno.ts';
import { rmSync } from '../process/file-system.ts';
import { runningPrograms, surroundingsOf } from '../process/programs.ts';

/*
 * Locks that a killed git leaves behind. git waits for nobody who holds one, and removes none. Invariants:
 * 1. A lock is removed only while no git lives that could have made it: one that started before the lock was written.
 * 2. Between that look and the removal it has stayed the same file.
 */

/** A lock as it was found. */
export interface Lock {
  readonly path: string;
  /** Wall-clock time of the last write to it. */
  readonly madeMs: number;
  readonly ino: number;
}

/** Start times are coarse. */
const SLACK_MS = 2_000;
const POLL_MS = 20;

/** Whether a process that started at `startedMs` may be the one that made the lock. */
export function mayHold(startedMs: number, { madeMs }: Pick<Lock, 'madeMs'>, nowMs: number): boolean {
  // A lock from the future: the clock was set back, and says nothing of what came first.
  return madeMs > nowMs || startedMs <= madeMs + SLACK_MS;
}

/** The lock at a path, or null. */
export function findLock(path: string): Lock | null {
  const stat = statOf(path);
  return stat?.isFile() === true ? { path, madeMs: stat.mtimeMs, ino: stat.ino } : null;
}

function statOf(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    // A ref stands where a directory would have to be.
    if (errnoOf(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** What is written in a lock so far; null where it is gone. */
export function readLock({ path }: Lock): string | null {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  }
}

/**
 * Pids of the gits of this machine that may have made the lock. With `gitDirectory`, one of ours, those are left out
 * that certainly work elsewhere: every git that works there is told so by its environment, or was started in it by hand.
 */
export function possibleHolders(lock: Lock, gitDirectory: string | null): number[] {
  const nowMs = systemClock.nowMs();
  return runningPrograms((name) => name === 'git' || name.startsWith('git-'))
    .filter(({ startedMs }) => mayHold(startedMs, lock, nowMs))
    .filter(({ pid }) => gitDirectory === null || mayWorkIn(pid, gitDirectory))
    .map(({ pid }) => pid);
}

function mayWorkIn(pid: number, gitDirectory: string): boolean {
  const around = surroundingsOf(pid);
  if (around === null || around.environment === null || around.cwd === null) return true;
  // `GIT_DIR`, or `GIT_OBJECT_DIRECTORY` below it.
  if (around.environment.some((entry) => `${entry}/`.includes(`=${gitDirectory}/`))) return true;
  const real = realpathSync(gitDirectory);
  return around.cwd === real || around.cwd.startsWith(`${real}/`);
}

/** Removes a lock of which no holder lives. False: one may live, or the lock is another one by now. */
export function breakLock(lock: Lock, gitDirectory: string | null): boolean {
  if (possibleHolders(lock, gitDirectory).length > 0) return false;
  const now = findLock(lock.path);
  if (now?.ino !== lock.ino || now.madeMs !== lock.madeMs) return false;
  rmSync(lock.path, { force: true });
  return true;
}

export interface Cleared {
  /** None of the paths is locked any more. */
  readonly free: boolean;
  /** Locks that were removed. */
  readonly removed: readonly string[];
}

/** Makes these paths of a git directory of ours free: removes what dead processes left, and waits for the living. */
export async function clearLocks(gitDirectory: string, paths: readonly string[], patienceMs: number): Promise<Cleared> {
  const deadlineMs = systemClock.monotonicMs() + patienceMs;
  const removed: string[] = [];
  for (;;) {
    const locks = paths.map(findLock).filter((lock) => lock !== null);
    const held = locks.filter((lock) => {
      const broken = breakLock(lock, gitDirectory);
      if (broken) removed.push(lock.path);
      return !broken;
    });
    if (held.length === 0) return { free: true, removed };
    if (systemClock.monotonicMs() >= deadlineMs) return { free: false, removed };
    await delay(POLL_MS);
  }
}
