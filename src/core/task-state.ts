/**
 * How far a task has come. Invariants:
 * 1. Each state carries only its own data; `Counters` alone survive a change of state.
 * 2. `landed`, `cancelled` and `superseded` are final: they take no event.
 * 3. A `sealed` landing (its intent is recorded) can only end as `landed` or go back to `accepted`.
 */

/** Where the next attempt enters: at the agent, or (after an approval) at the gate with the approved commit. */
export type Entry = { readonly phase: 'implementing' } | { readonly phase: 'gating'; readonly head: string };

export type TaskState =
  | { readonly status: 'proposed' }
  | { readonly status: 'ready'; readonly notBeforeMs: number | null; readonly entry: Entry }
  | { readonly status: 'running'; readonly attempt: number; readonly entry: Entry }
  | { readonly status: 'blocked'; readonly attempt: number; readonly on: BlockedOn }
  | { readonly status: 'accepted'; readonly attempt: number; readonly head: string }
  | { readonly status: 'landing'; readonly attempt: number; readonly head: string; readonly sealed: boolean }
  | { readonly status: 'in-review'; readonly attempt: number; readonly head: string }
  | { readonly status: 'landed'; readonly commit: string }
  /** `entry`: where it goes on once it is put back, if not at the agent: a person has parked it on its way. */
  | { readonly status: 'parked'; readonly why: string; readonly entry?: Entry }
  | { readonly status: 'cancelled' }
  | { readonly status: 'superseded'; readonly by: string };

export type BlockedOn =
  | { readonly kind: 'question'; readonly text: string }
  | {
      readonly kind: 'approval';
      /** The commit that goes on to its gate once approved. */
      readonly head: string;
      /** What a person approves: the content of the protected paths, so that it survives a newer base. */
      readonly hash: string;
      readonly paths: readonly string[];
      /** The content comes of a merge with the target, after the task's own was approved. */
      readonly merged?: boolean;
    };

export type TaskStatus = TaskState['status'];

export const TASK_STATUSES = [
  'proposed',
  'ready',
  'running',
  'blocked',
  'accepted',
  'landing',
  'in-review',
  'landed',
  'parked',
  'cancelled',
  'superseded',
] as const satisfies readonly TaskStatus[];

/** States that no scheduler leaves by itself and that hold no work in progress. */
export function isFinal(status: TaskStatus): boolean {
  return status === 'landed' || status === 'cancelled' || status === 'superseded';
}

/** What the task asks for is being worked to, or waits to land as it was asked for. */
export function isInUse(status: TaskStatus): boolean {
  return status === 'running' || status === 'accepted' || status === 'landing' || status === 'in-review';
}

/** What has been spent since the task was made, or since a person last put it back. */
export interface Counters {
  /** Product failures. */
  readonly retries: number;
  /** Infrastructure and provider failures in a row. */
  readonly infrastructure: number;
  /** Leases lost in a row. */
  readonly lost: number;
  /** Leases lost in a row together with others, or while no scheduler looked: they say little of the task. */
  readonly lostTogether: number;
  /** Textual conflicts in the train. */
  readonly conflicts: number;
}

export const NO_COUNTERS: Counters = {
  retries: 0,
  infrastructure: 0,
  lost: 0,
  lostTogether: 0,
  conflicts: 0,
};

/** The limits that `step` holds tasks to. */
export interface RetryPolicy {
  readonly retries: number;
  readonly infrastructure: number;
  readonly lost: number;
  readonly lostTogether: number;
  readonly conflicts: number;
  /** First wait after an infrastructure failure; doubles each time, up to `backoffMaxMs`. */
  readonly backoffMs: number;
  readonly backoffMaxMs: number;
}

export const DEFAULT_RETRY_POLICY: RetryPolicy = {
  retries: 3,
  infrastructure: 5,
  lost: 2,
  lostTogether: 20,
  conflicts: 3,
  backoffMs: 5_000,
  backoffMaxMs: 600_000,
};

export const FROM_THE_AGENT: Entry = { phase: 'implementing' };

export const READY: TaskState = { status: 'ready', notBeforeMs: null, entry: FROM_THE_AGENT };
