import type { AttemptOutcome } from '../core/attempt.ts';
import type { TaskSpec } from '../core/task.ts';

/** The lane stands ready; `base` is the target's head that it was filled from. */
export interface Ready {
  readonly kind: 'ready';
  readonly lane: { readonly base: string };
}

/** What the lane held, as one commit. */
export interface Collected {
  readonly kind: 'collected';
  /** The host-made commit: what is gated, audited and landed. */
  readonly head: string;
  /** Its tree. */
  readonly tree: string;
}

/**
 * What an attempt does outside of the store, phase by phase. Each gives what the next one needs, or the outcome that
 * ends the attempt.
 */
export interface AttemptWork<Prepared extends Ready> {
  prepare(spec: TaskSpec): Promise<Prepared | AttemptOutcome>;
  implement(spec: TaskSpec, prepared: Prepared): Promise<{ readonly kind: 'implemented' } | AttemptOutcome>;
  collect(spec: TaskSpec, prepared: Prepared): Promise<Collected | AttemptOutcome>;
  /** In place of the three: a commit that was approved goes on to its gate. */
  takeUp(spec: TaskSpec, head: string): Promise<Collected | AttemptOutcome>;
  /** Null: green. */
  gate(spec: TaskSpec, collected: Collected): Promise<AttemptOutcome | null>;
  /** An audit that is off is recorded as off, never as passed. */
  audit(head: string): Promise<void>;
  /** What it came to from what, for the no-progress guard; null: not to be compared. */
  signature(outcome: AttemptOutcome): Promise<string | null>;
  /** The last thing before the outcome is told to the store. */
  seal(outcome: AttemptOutcome): Promise<void>;
}
