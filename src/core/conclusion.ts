import type { AttemptOutcome } from './attempt.ts';
import { decide } from './decision.ts';
import type { TaskEvent } from './task-event.ts';

/** An attempt that has ended, by its number and by what it came to. */
export interface Ended {
  readonly attempt: number;
  /** Equal for two attempts that came to the same from the same; null: this one is not to be compared. */
  readonly signature: string | null;
}

/** What an outcome is compared with. */
export interface History {
  /** The attempt before this one, if there was one. */
  readonly before: Ended | null;
  /** Product failures since a person last put the task back: without one, the attempt before is no failure to repeat. */
  readonly retriesSpent: number;
}

/**
 * As `decide`, but for the no-progress guard: a product failure that repeats the attempt before it to the letter parks
 * the task, however many retries are left.
 */
export function conclude(
  outcome: AttemptOutcome,
  ended: Ended,
  { before, retriesSpent }: History,
  atMs: number,
): TaskEvent | null {
  const event = decide(outcome, atMs);
  if (event?.kind !== 'product-failure' || before === null || retriesSpent === 0) return event;
  const isSame =
    ended.signature !== null && before.signature === ended.signature && before.attempt === ended.attempt - 1;
  if (!isSame) return event;
  return { kind: 'no-progress', why: `attempts ${before.attempt} and ${ended.attempt} came to the same: ${event.why}` };
}
