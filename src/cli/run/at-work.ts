import { setTimeout as delay } from 'node:timers/promises';

import { compareIds } from '../../core/frontier.ts';
import { onlooker } from '../../process/onlooker.ts';
import type { Clock } from '../../core/clock.ts';
import type { Lease } from '../../core/lease.ts';
import { taskResource } from '../../core/lease.ts';
import { isHeld } from '../../store/lease-holder.ts';
import type { StoreReader } from '../../store/store.ts';
import type { Output } from '../terminal/output.ts';
import { formatDuration } from '../terminal/table.ts';

const POLL_MS = 100;

/** What is at work: each attempt, and the train. What has died is not: a next run takes it up. */
export async function atWork(reader: StoreReader, clock: Clock): Promise<string[]> {
  const leases = new Map<string, Lease>((await reader.leases()).map((lease) => [lease.resource, lease]));
  const host = onlooker(clock);
  const attempts = (await reader.runningAttempts()).filter(({ taskId }) => {
    const lease = leases.get(taskResource(taskId));
    // Just dispatched, and not claimed yet.
    return lease !== undefined && (isHeld(lease, host) || isFresh(lease, host));
  });
  const names = attempts
    .toSorted((a, b) => compareIds(a.taskId, b.taskId))
    .map(({ taskId, attempt, phase }) => `${taskId} (attempt ${attempt}, ${phase})`);
  const train = leases.get('train');
  return train !== undefined && isHeld(train, host) ? [...names, 'the train'] : names;
}

function isFresh(lease: Lease, { self, clock }: ReturnType<typeof onlooker>): boolean {
  return lease.owner === null && lease.bootId === self.bootId && clock.monotonicMs() < lease.expiresMonotonicMs;
}

/** What a wait came to. */
export type Waited = 'done' | 'timed-out' | 'interrupted';

/**
 * Waits until nothing is left of what `left` names, and says on stderr what it waits for as that changes.
 * @param timeoutMs Infinity: as long as it takes.
 */
export async function waitFor(
  output: Output,
  left: () => Promise<readonly string[]>,
  { signal, timeoutMs }: { readonly signal: AbortSignal; readonly timeoutMs: number },
): Promise<Waited> {
  const untilMs = performance.now() + timeoutMs;
  let told = '';
  for (;;) {
    const names = await left();
    if (names.length === 0) return 'done';
    if (signal.aborted) return 'interrupted';
    if (performance.now() >= untilMs) return 'timed-out';
    const sentence = names.join(', ');
    if (sentence !== told) output.say(`waiting for: ${sentence}`);
    told = sentence;
    await delay(POLL_MS);
  }
}

/** What a wait that ended before its time leaves behind. */
export function describeUnfinished(
  waited: Exclude<Waited, 'done'>,
  timeoutMs: number,
  names: readonly string[],
): string {
  const why = waited === 'interrupted' ? 'interrupted' : `after ${formatDuration(timeoutMs)}`;
  return `${why}; still at work: ${names.join(', ')}`;
}
