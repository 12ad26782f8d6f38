import { impossible } from './impossible.ts';
import type { TaskEvent } from './task-event.ts';
import { FROM_THE_AGENT, NO_COUNTERS, READY } from './task-state.ts';
import type { Counters, Entry, RetryPolicy, TaskState } from './task-state.ts';

/**
 * Counters that an attempt sets back which came to an end of its own: accepted, failed by what its agent did, with a
 * question, or without progress. Neither of these losses sets the other back, nor does an interruption, a pool without room or a conflict.
 */
const IN_A_ROW = { infrastructure: 0, lost: 0, lostTogether: 0 };

/** A task's state together with what it has spent. */
export interface Progress {
  readonly state: TaskState;
  readonly counters: Counters;
}

/** An event that the state does not admit. A caller that can race another checks for it by `code`. */
export class IllegalTransitionError extends Error {
  readonly code = 'illegal-transition';
  readonly status: string;
  readonly event: string;

  constructor(status: string, event: string) {
    super(`a task that is ${status} does not take the event ${event}`);
    this.name = 'IllegalTransitionError';
    this.status = status;
    this.event = event;
  }
}

/**
 * The one transition function of tasks. Pure; throws {@link IllegalTransitionError} for an event that the state does
 * not admit. `docs/states.md` is generated from it.
 */
export function step(progress: Progress, event: TaskEvent, policy: RetryPolicy): Progress {
  if (event.kind === 'cancelled' || event.kind === 'superseded' || event.kind === 'parked') {
    return withdraw(progress, event);
  }
  const { state, counters } = progress;
  switch (state.status) {
    case 'proposed':
      return fromProposed(progress, event);
    case 'ready':
      if (event.kind === 'leased')
        return { state: { status: 'running', attempt: event.attempt, entry: state.entry }, counters };
      if (event.kind === 'woken' && state.notBeforeMs !== null)
        return { state: { ...state, notBeforeMs: null }, counters };
      break;
    case 'running':
      return fromRunning(state, counters, event, policy) ?? refuse(state, event);
    case 'blocked':
      return fromBlocked(state, counters, event) ?? refuse(state, event);
    case 'accepted':
    case 'landing':
    case 'in-review':
      return fromAccepted(state, counters, event, policy) ?? refuse(state, event);
    case 'parked':
      if (event.kind === 'unparked') {
        const entry = state.entry ?? FROM_THE_AGENT;
        return { state: { status: 'ready', notBeforeMs: null, entry }, counters: NO_COUNTERS };
      }
      break;
    case 'landed':
    case 'cancelled':
    case 'superseded':
      break;
    default:
      throw impossible(state satisfies never);
  }
  return refuse(state, event);
}

function refuse(state: TaskState, event: TaskEvent): never {
  throw new IllegalTransitionError(state.status, event.kind);
}

function withdraw(progress: Progress, event: TaskEvent & { kind: 'cancelled' | 'superseded' | 'parked' }): Progress {
  const { state, counters } = progress;
  const open = state.status !== 'landed' && state.status !== 'cancelled' && state.status !== 'superseded';
  if (!open || (state.status === 'landing' && state.sealed)) return refuse(state, event);
  if (event.kind === 'cancelled') return { state: { status: 'cancelled' }, counters };
  if (event.kind === 'parked') {
    if (state.status === 'parked' || state.status === 'proposed') return refuse(state, event);
    return { state: { status: 'parked', why: event.why, entry: entryAfter(state) }, counters };
  }
  return { state: { status: 'superseded', by: event.by }, counters };
}

/** A commit that was collected goes on at its gate, where it is checked anew. */
function entryAfter(state: TaskState): Entry {
  switch (state.status) {
    case 'ready':
    case 'running':
      return state.entry;
    case 'blocked':
      return state.on.kind === 'approval' ? { phase: 'gating', head: state.on.head } : FROM_THE_AGENT;
    case 'accepted':
    case 'landing':
    case 'in-review':
      return { phase: 'gating', head: state.head };
    case 'proposed':
    case 'parked':
    case 'landed':
    case 'cancelled':
    case 'superseded':
      return FROM_THE_AGENT;
    default:
      throw impossible(state satisfies never);
  }
}

function fromProposed(progress: Progress, event: TaskEvent): Progress {
  if (event.kind === 'proposal-valid') return { state: READY, counters: progress.counters };
  if (event.kind === 'proposal-invalid') return { state: { status: 'cancelled' }, counters: progress.counters };
  return refuse(progress.state, event);
}

function fromRunning(
  state: TaskState & { status: 'running' },
  counters: Counters,
  event: TaskEvent,
  policy: RetryPolicy,
): Progress | null {
  const { attempt, entry } = state;
  switch (event.kind) {
    case 'accepted':
      return {
        state: { status: 'accepted', attempt, head: event.head },
        counters: { ...counters, ...IN_A_ROW },
      };
    case 'product-failure':
      return spendRetry({ ...counters, ...IN_A_ROW }, event.why, policy);
    case 'infrastructure-failure':
      return spendInfrastructure(entry, counters, event, policy);
    case 'person-needed':
      return {
        state: { status: 'blocked', attempt, on: event.on },
        counters: { ...counters, ...IN_A_ROW },
      };
    case 'integrity-failure':
      return { state: { status: 'parked', why: event.why }, counters };
    case 'lease-lost':
      return spendLost(entry, counters, event, policy);
    case 'no-progress':
      return {
        state: { status: 'parked', why: event.why },
        counters: { ...counters, retries: counters.retries + 1, ...IN_A_ROW },
      };
    case 'postponed':
    case 'interrupted':
      return { state: { status: 'ready', notBeforeMs: null, entry }, counters };
    default:
      return null;
  }
}

function fromBlocked(state: TaskState & { status: 'blocked' }, counters: Counters, event: TaskEvent): Progress | null {
  if (event.kind === 'answered' && state.on.kind === 'question') return { state: READY, counters };
  if (event.kind === 'approved' && state.on.kind === 'approval') {
    return {
      state: { status: 'ready', notBeforeMs: null, entry: { phase: 'gating', head: state.on.head } },
      counters,
    };
  }
  if (event.kind === 'refused') return { state: { status: 'parked', why: event.why }, counters };
  return null;
}

function fromAccepted(
  state: TaskState & { status: 'accepted' | 'landing' | 'in-review' },
  counters: Counters,
  event: TaskEvent,
  policy: RetryPolicy,
): Progress | null {
  const { status, attempt, head } = state;
  switch (event.kind) {
    case 'boarded':
      return status === 'accepted' ? { state: { status: 'landing', attempt, head, sealed: false }, counters } : null;
    case 'sealed':
      return status === 'landing' && !state.sealed
        ? { state: { status: 'landing', attempt, head, sealed: true }, counters }
        : null;
    case 'unboarded':
      return status === 'landing' ? { state: { status: 'accepted', attempt, head }, counters } : null;
    case 'landed':
      return status === 'landing' && state.sealed
        ? { state: { status: 'landed', commit: event.commit }, counters }
        : null;
    case 'conflicted':
      return status === 'landing' && !state.sealed ? spendConflict(counters, event.why, policy) : null;
    case 'blamed':
      return status === 'landing' && !state.sealed ? spendRetry(counters, event.why, policy) : null;
    case 'unapproved':
      return status === 'landing' && !state.sealed
        ? { state: { status: 'blocked', attempt, on: event.on }, counters }
        : null;
    case 'review-opened':
      return status === 'accepted' ? { state: { status: 'in-review', attempt, head }, counters } : null;
    case 'review-closed':
      return status === 'accepted' || status === 'in-review'
        ? { state: { status: 'parked', why: 'its pull request was closed without a merge' }, counters }
        : null;
    case 'repair-wanted':
      return status === 'in-review' ? { state: READY, counters } : null;
    case 'review-merged':
      return status === 'in-review' ? { state: { status: 'landed', commit: event.commit }, counters } : null;
    default:
      return null;
  }
}

function spendRetry(counters: Counters, why: string, policy: RetryPolicy): Progress {
  const spent = { ...counters, retries: counters.retries + 1 };
  return spent.retries > policy.retries
    ? { state: { status: 'parked', why: `no retries left: ${why}` }, counters: spent }
    : { state: READY, counters: spent };
}

function spendLost(
  entry: Entry,
  counters: Counters,
  event: TaskEvent & { kind: 'lease-lost' },
  policy: RetryPolicy,
): Progress {
  const spent = event.together
    ? { ...counters, lostTogether: counters.lostTogether + 1 }
    : { ...counters, lost: counters.lost + 1 };
  if (spent.lost <= policy.lost && spent.lostTogether <= policy.lostTogether) {
    return { state: { status: 'ready', notBeforeMs: null, entry: nextEntry(entry, event) }, counters: spent };
  }
  const times = spent.lost + spent.lostTogether;
  return { state: { status: 'parked', why: `lost ${times} times in a row: ${event.why}` }, counters: spent };
}

/** What was collected is not made again: it goes on to its gate. */
function nextEntry(entry: Entry, { collected }: { readonly collected: string | null }): Entry {
  return collected === null ? entry : { phase: 'gating', head: collected };
}

function spendConflict(counters: Counters, why: string, policy: RetryPolicy): Progress {
  const spent = { ...counters, conflicts: counters.conflicts + 1 };
  return spent.conflicts > policy.conflicts
    ? { state: { status: 'parked', why: `conflicted ${spent.conflicts} times: ${why}` }, counters: spent }
    : { state: READY, counters: spent };
}

function spendInfrastructure(
  entry: Entry,
  counters: Counters,
  event: TaskEvent & { kind: 'infrastructure-failure' },
  policy: RetryPolicy,
): Progress {
  const spent = { ...counters, infrastructure: counters.infrastructure + 1 };
  if (spent.infrastructure > policy.infrastructure) {
    return {
      state: { status: 'parked', why: `the machine failed it ${spent.infrastructure} times in a row: ${event.why}` },
      counters: spent,
    };
  }
  const waitMs = Math.min(policy.backoffMs * 2 ** counters.infrastructure, policy.backoffMaxMs);
  const notBeforeMs = Math.max(event.atMs + waitMs, event.retryAtMs ?? 0);
  return { state: { status: 'ready', notBeforeMs, entry: nextEntry(entry, event) }, counters: spent };
}
