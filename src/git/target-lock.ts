import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { systemClock } from '../process/clock.ts';
import { inDepot } from './depot.ts';
import type { Depot } from './depot.ts';
import { git } from './git.ts';
import type { Repository } from './repository.ts';
import { breakLock, findLock, readLock } from './stale-lock.ts';

/** A move of the target that a lock may be left of. */
export interface TargetMove {
  readonly repository: Pick<Repository, 'commonDirectory'>;
  readonly depot: Depot;
  /** Full name. */
  readonly ref: string;
  readonly to: string;
  /** Wall-clock time at which the intent of this move was recorded. An empty lock made before it is nobody's. */
  readonly sinceMs?: number;
}

/**
 * Removes the lock on the target that a killed git of ours has left in the operator's repository. Ours is one that
 * holds what only we write: the commit of this landing or of another one, or nothing yet, when it was made during the
 * intent. And no git may live that is older than it. Every other lock is somebody's, and stays. True: it was removed.
 */
export async function clearTargetLock({ repository, depot, ref, to, sinceMs }: TargetMove): Promise<boolean> {
  const lock = findLock(join(repository.commonDirectory, `${ref}.lock`));
  const content = lock === null ? null : readLock(lock);
  if (lock === null || content === null) return false;
  const isOurs =
    content === ''
      ? sinceMs !== undefined && lock.madeMs >= sinceMs
      : content === `${to}\n` || (await isLanding(depot, content.trimEnd()));
  // All gits of the machine count: there is no telling which of them works in this repository.
  if (!isOurs || !breakLock(lock, null)) return false;
  await depot.onMended?.({ what: 'stale-lock', path: lock.path });
  return true;
}

/** How long gits of other people, which come and go, may keep a lock from being judged. */
const PATIENCE_MS = 5_000;
const POLL_MS = 50;

/**
 * The same for a target that is about to be made, and which nobody can have begun to make before `sinceMs`: where the
 * lock holds its commit already, or nothing yet. Waits a while for the gits that might hold it.
 */
export async function breakTargetLock(
  { commonDirectory }: Pick<Repository, 'commonDirectory'>,
  { ref, to, sinceMs }: { readonly ref: string; readonly to: string; readonly sinceMs: number | undefined },
): Promise<boolean> {
  const deadlineMs = systemClock.monotonicMs() + PATIENCE_MS;
  for (;;) {
    const lock = findLock(join(commonDirectory, `${ref}.lock`));
    const content = lock === null ? null : readLock(lock);
    if (lock === null || content === null) return false;
    const isOurs = content === '' ? sinceMs !== undefined && lock.madeMs >= sinceMs : content === `${to}\n`;
    if (!isOurs) return false;
    if (breakLock(lock, null)) return true;
    if (systemClock.monotonicMs() >= deadlineMs) return false;
    await delay(POLL_MS);
  }
}

/** A commit that the train has made. */
async function isLanding(depot: Depot, commit: string): Promise<boolean> {
  if (!/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(commit)) return false;
  const args = [
    'log',
    '-1',
    '--no-color',
    '--format=%(trailers:key=Yard-Task,valueonly)',
    '--end-of-options',
    commit,
    '--',
  ];
  const { code, stdout } = await git(args, { ...inDepot(depot), answers: [0, 128] });
  return code === 0 && stdout.toString('utf8').trim() !== '';
}
