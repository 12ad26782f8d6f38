import { step } from './step.ts';
import type { Progress } from './step.ts';
import { EVENT_ACTOR } from './task-event.ts';
import type { Actor, TaskEvent, TaskEventKind } from './task-event.ts';
import { DEFAULT_RETRY_POLICY, FROM_THE_AGENT, NO_COUNTERS, TASK_STATUSES } from './task-state.ts';
import type { BlockedOn, Counters, TaskState, TaskStatus } from './task-state.ts';

const at = { attempt: 1, head: 'H' } as const;
const question: BlockedOn = { kind: 'question', text: '?' };
const approval: BlockedOn & { kind: 'approval' } = { kind: 'approval', head: 'H', hash: 'X', paths: [] };

/** The states of each status that take different events, with what tells them apart. */
const STATES: { readonly [S in TaskStatus]: readonly { readonly note: string; readonly state: TaskState }[] } = {
  proposed: [{ note: '', state: { status: 'proposed' } }],
  ready: [
    { note: '', state: { status: 'ready', notBeforeMs: null, entry: FROM_THE_AGENT } },
    { note: 'put off', state: { status: 'ready', notBeforeMs: 1, entry: FROM_THE_AGENT } },
  ],
  running: [{ note: '', state: { status: 'running', attempt: 1, entry: FROM_THE_AGENT } }],
  blocked: [
    { note: 'question', state: { status: 'blocked', attempt: 1, on: question } },
    { note: 'approval', state: { status: 'blocked', attempt: 1, on: approval } },
  ],
  accepted: [{ note: '', state: { status: 'accepted', ...at } }],
  landing: [
    { note: 'not sealed', state: { status: 'landing', ...at, sealed: false } },
    { note: 'sealed', state: { status: 'landing', ...at, sealed: true } },
  ],
  'in-review': [{ note: '', state: { status: 'in-review', ...at } }],
  landed: [{ note: '', state: { status: 'landed', commit: 'C' } }],
  parked: [{ note: '', state: { status: 'parked', why: '' } }],
  cancelled: [{ note: '', state: { status: 'cancelled' } }],
  superseded: [{ note: '', state: { status: 'superseded', by: 'T-2' } }],
};

const EVENTS: { readonly [K in TaskEventKind]: TaskEvent & { kind: K } } = {
  'proposal-valid': { kind: 'proposal-valid' },
  'proposal-invalid': { kind: 'proposal-invalid' },
  leased: { kind: 'leased', attempt: 1 },
  accepted: { kind: 'accepted', head: 'H' },
  'product-failure': { kind: 'product-failure', why: '' },
  'infrastructure-failure': { kind: 'infrastructure-failure', why: '', atMs: 0, retryAtMs: null, collected: null },
  'person-needed': { kind: 'person-needed', on: question },
  'integrity-failure': { kind: 'integrity-failure', why: '' },
  'lease-lost': { kind: 'lease-lost', why: '', atMs: 0, together: false, collected: null },
  'no-progress': { kind: 'no-progress', why: '' },
  postponed: { kind: 'postponed', why: '', pool: null },
  interrupted: { kind: 'interrupted', why: '' },
  answered: { kind: 'answered' },
  approved: { kind: 'approved' },
  refused: { kind: 'refused', why: '' },
  boarded: { kind: 'boarded' },
  sealed: { kind: 'sealed' },
  unboarded: { kind: 'unboarded' },
  landed: { kind: 'landed', commit: 'C' },
  conflicted: { kind: 'conflicted', why: '', detail: '' },
  blamed: { kind: 'blamed', why: '', detail: '' },
  unapproved: { kind: 'unapproved', on: approval },
  'review-opened': { kind: 'review-opened' },
  'review-closed': { kind: 'review-closed' },
  'repair-wanted': { kind: 'repair-wanted' },
  'review-merged': { kind: 'review-merged', commit: 'C' },
  parked: { kind: 'parked', why: '' },
  unparked: { kind: 'unparked' },
  woken: { kind: 'woken' },
  cancelled: { kind: 'cancelled' },
  superseded: { kind: 'superseded', by: 'T-2' },
};

/** A run of `step` on a state and an event; what is none of these is refused. */
export interface Transition {
  readonly from: TaskStatus;
  /** What the state must be besides its status; empty when it does not matter. */
  readonly note: string;
  readonly event: TaskEventKind;
  readonly to: string;
  /** What it becomes when the budget that the event draws on is spent; equal to `to` when it draws on none. */
  readonly toWhenSpent: string;
  readonly spends: readonly (keyof Counters)[];
  readonly by: Actor;
}

/** All that there are, in the order of the statuses, by running `step` on every state and event. */
export function transitions(): readonly Transition[] {
  return TASK_STATUSES.flatMap((from) => EVENT_KINDS.flatMap((event) => transitionsOf(from, event)));
}

/** Whether nothing leads out of it. */
export function isEnd(status: TaskStatus): boolean {
  return STATES[status].every(({ state }) =>
    EVENT_KINDS.every((event) => outcome({ state, counters: NO_COUNTERS }, event) === null),
  );
}

/** When the budget is spent that a transition draws on. */
export function whenSpent({ spends }: Transition): string {
  return spends.map((name) => WHEN_SPENT[name]).join(' and ');
}

const EVENT_KINDS = Object.keys(EVENTS) as TaskEventKind[];

function transitionsOf(from: TaskStatus, event: TaskEventKind): Transition[] {
  const rows: Transition[] = [];
  for (const { note, state } of STATES[from]) {
    const left = outcome({ state, counters: NO_COUNTERS }, event);
    const spent = outcome({ state, counters: ALL_SPENT }, event);
    if (left === null || spent === null) continue;
    const spends = COUNTERS.filter((name) => left.counters[name] > 0);
    rows.push({
      from,
      note,
      event,
      to: describe(left.state),
      toWhenSpent: describe(spent.state),
      spends,
      by: EVENT_ACTOR[event],
    });
  }
  const [first] = rows;
  const same = rows.length === STATES[from].length && rows.every(({ to }) => to === first?.to);
  return same && first !== undefined ? [{ ...first, note: '' }] : rows;
}

const ALL_SPENT: Counters = DEFAULT_RETRY_POLICY;
const COUNTERS = Object.keys(NO_COUNTERS) as (keyof Counters)[];

function outcome(progress: Progress, event: TaskEventKind): Progress | null {
  try {
    return step(progress, EVENTS[event], DEFAULT_RETRY_POLICY);
  } catch (error) {
    // Not a row of the table.
    if ((error as { code?: unknown }).code === 'illegal-transition') return null;
    throw error;
  }
}

function describe(state: TaskState): string {
  if (state.status === 'landing' && state.sealed) return 'landing (sealed)';
  if (state.status !== 'ready') return state.status;
  const notes = [
    ...(state.notBeforeMs === null ? [] : ['not before a time']),
    ...(state.entry.phase === 'gating' ? ['enters at the gate'] : []),
  ];
  return notes.length === 0 ? 'ready' : `ready (${notes.join(', ')})`;
}

const WHEN_SPENT: { readonly [K in keyof Counters]: string } = {
  retries: 'no retries are left',
  infrastructure: 'it failed too often in a row',
  lost: 'it was lost too often in a row',
  lostTogether: 'it was lost far too often together with others',
  conflicts: 'it conflicted too often',
};
