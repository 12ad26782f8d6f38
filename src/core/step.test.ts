import { describe, expect, test } from 'vitest';
import { IllegalTransitionError, step } from './step.ts';
import type { TaskEvent, TaskEventKind } from './task-event.ts';
import { EVENT_ACTOR } from './task-event.ts';
import { DEFAULT_RETRY_POLICY, FROM_THE_AGENT, isFinal, NO_COUNTERS, READY, TASK_STATUSES } from './task-state.ts';
import type { BlockedOn, Counters, Entry, TaskState } from './task-state.ts';

const policy = DEFAULT_RETRY_POLICY;
const atTheGate: Entry = { phase: 'gating', head: 'approved' };
const question: BlockedOn = { kind: 'question', text: 'which one?' };
const approval: BlockedOn & { kind: 'approval' } = {
  kind: 'approval',
  head: 'approved',
  hash: 'hash',
  paths: ['.yard/config.yaml'],
};

const states = {
  proposed: { status: 'proposed' },
  ready: READY,
  'ready at the gate': { status: 'ready', notBeforeMs: 7, entry: atTheGate },
  running: { status: 'running', attempt: 4, entry: FROM_THE_AGENT },
  'running at the gate': { status: 'running', attempt: 4, entry: atTheGate },
  'blocked by a question': { status: 'blocked', attempt: 4, on: question },
  'blocked by an approval': { status: 'blocked', attempt: 4, on: approval },
  accepted: { status: 'accepted', attempt: 4, head: 'head' },
  landing: { status: 'landing', attempt: 4, head: 'head', sealed: false },
  'landing, sealed': { status: 'landing', attempt: 4, head: 'head', sealed: true },
  'in-review': { status: 'in-review', attempt: 4, head: 'head' },
  landed: { status: 'landed', commit: 'commit' },
  parked: { status: 'parked', why: 'because' },
  'parked at the gate': { status: 'parked', why: 'because', entry: atTheGate },
  cancelled: { status: 'cancelled' },
  superseded: { status: 'superseded', by: 'T-2' },
} as const satisfies Record<string, TaskState>;
type StateName = keyof typeof states;
const stateNames = Object.keys(states) as StateName[];

const events: { readonly [K in TaskEventKind]: TaskEvent & { kind: K } } = {
  'proposal-valid': { kind: 'proposal-valid' },
  'proposal-invalid': { kind: 'proposal-invalid' },
  leased: { kind: 'leased', attempt: 5 },
  accepted: { kind: 'accepted', head: 'new head' },
  'product-failure': { kind: 'product-failure', why: 'red' },
  'infrastructure-failure': {
    kind: 'infrastructure-failure',
    why: 'disk full',
    atMs: 1_000,
    retryAtMs: null,
    collected: null,
  },
  'person-needed': { kind: 'person-needed', on: question },
  'integrity-failure': { kind: 'integrity-failure', why: 'forged' },
  'lease-lost': { kind: 'lease-lost', why: 'killed', atMs: 1_000, together: false, collected: null },
  'no-progress': { kind: 'no-progress', why: 'the same' },
  postponed: { kind: 'postponed', why: 'the pool', pool: 'claude' },
  interrupted: { kind: 'interrupted', why: 'stopped' },
  answered: { kind: 'answered' },
  approved: { kind: 'approved' },
  refused: { kind: 'refused', why: 'no' },
  boarded: { kind: 'boarded' },
  sealed: { kind: 'sealed' },
  unboarded: { kind: 'unboarded' },
  landed: { kind: 'landed', commit: 'new commit' },
  conflicted: { kind: 'conflicted', why: 'a.ts', detail: '' },
  blamed: { kind: 'blamed', why: 'red', detail: '' },
  unapproved: { kind: 'unapproved', on: approval },
  'review-opened': { kind: 'review-opened' },
  'review-closed': { kind: 'review-closed' },
  'repair-wanted': { kind: 'repair-wanted' },
  'review-merged': { kind: 'review-merged', commit: 'new commit' },
  parked: { kind: 'parked', why: 'later' },
  unparked: { kind: 'unparked' },
  woken: { kind: 'woken' },
  cancelled: { kind: 'cancelled' },
  superseded: { kind: 'superseded', by: 'T-9' },
};
const eventKinds = Object.keys(events) as TaskEventKind[];

/** Something is spent of each budget, and nothing is spent up. */
const some: Counters = { retries: 1, infrastructure: 1, lost: 1, lostTogether: 1, conflicts: 1 };
const inARowReset: Counters = { ...some, infrastructure: 0, lost: 0, lostTogether: 0 };

type Row = [from: StateName, event: TaskEventKind, to: TaskState, counters: Counters];

const cancelled: TaskState = { status: 'cancelled' };
const superseded: TaskState = { status: 'superseded', by: 'T-9' };
const withdrawable = stateNames.filter((name) => name !== 'landing, sealed' && !isFinal(states[name].status));
/** Where a task goes on that a person has parked on its way. */
const parkable: readonly (readonly [StateName, Entry])[] = [
  ['ready', FROM_THE_AGENT],
  ['ready at the gate', atTheGate],
  ['running', FROM_THE_AGENT],
  ['running at the gate', atTheGate],
  ['blocked by a question', FROM_THE_AGENT],
  ['blocked by an approval', atTheGate],
  ['accepted', { phase: 'gating', head: 'head' }],
  ['landing', { phase: 'gating', head: 'head' }],
  ['in-review', { phase: 'gating', head: 'head' }],
];
const backedOff = { status: 'ready', notBeforeMs: 1_000 + 2 * policy.backoffMs } as const;

const table: Row[] = [
  ['proposed', 'proposal-valid', READY, some],
  ['proposed', 'proposal-invalid', cancelled, some],
  ['ready', 'leased', { status: 'running', attempt: 5, entry: FROM_THE_AGENT }, some],
  ['ready at the gate', 'leased', { status: 'running', attempt: 5, entry: atTheGate }, some],
  ['running', 'accepted', { status: 'accepted', attempt: 4, head: 'new head' }, inARowReset],
  ['running at the gate', 'accepted', { status: 'accepted', attempt: 4, head: 'new head' }, inARowReset],
  ['running', 'product-failure', READY, { ...inARowReset, retries: 2 }],
  ['running at the gate', 'product-failure', READY, { ...inARowReset, retries: 2 }],
  ['running', 'infrastructure-failure', { ...backedOff, entry: FROM_THE_AGENT }, { ...some, infrastructure: 2 }],
  ['running at the gate', 'infrastructure-failure', { ...backedOff, entry: atTheGate }, { ...some, infrastructure: 2 }],
  ['running', 'person-needed', { status: 'blocked', attempt: 4, on: question }, inARowReset],
  ['running at the gate', 'person-needed', { status: 'blocked', attempt: 4, on: question }, inARowReset],
  ['running', 'integrity-failure', { status: 'parked', why: 'forged' }, some],
  ['running at the gate', 'integrity-failure', { status: 'parked', why: 'forged' }, some],
  ['running', 'lease-lost', READY, { ...some, lost: 2 }],
  ['running at the gate', 'lease-lost', { ...READY, entry: atTheGate } as TaskState, { ...some, lost: 2 }],
  ['running', 'no-progress', { status: 'parked', why: 'the same' }, { ...inARowReset, retries: 2 }],
  ['running at the gate', 'no-progress', { status: 'parked', why: 'the same' }, { ...inARowReset, retries: 2 }],
  ['running', 'postponed', READY, some],
  ['running at the gate', 'postponed', { ...READY, entry: atTheGate } as TaskState, some],
  ['running', 'interrupted', READY, some],
  ['running at the gate', 'interrupted', { ...READY, entry: atTheGate } as TaskState, some],
  ['blocked by a question', 'answered', READY, some],
  ['blocked by a question', 'refused', { status: 'parked', why: 'no' }, some],
  ['blocked by an approval', 'approved', { status: 'ready', notBeforeMs: null, entry: atTheGate }, some],
  ['blocked by an approval', 'refused', { status: 'parked', why: 'no' }, some],
  ['accepted', 'boarded', { status: 'landing', attempt: 4, head: 'head', sealed: false }, some],
  ['accepted', 'review-opened', { status: 'in-review', attempt: 4, head: 'head' }, some],
  ['accepted', 'review-closed', { status: 'parked', why: 'its pull request was closed without a merge' }, some],
  ['landing', 'sealed', { status: 'landing', attempt: 4, head: 'head', sealed: true }, some],
  ['landing', 'unboarded', { status: 'accepted', attempt: 4, head: 'head' }, some],
  ['landing, sealed', 'unboarded', { status: 'accepted', attempt: 4, head: 'head' }, some],
  ['landing, sealed', 'landed', { status: 'landed', commit: 'new commit' }, some],
  ['landing', 'conflicted', READY, { ...some, conflicts: 2 }],
  ['landing', 'blamed', READY, { ...some, retries: 2 }],
  ['landing', 'unapproved', { status: 'blocked', attempt: 4, on: approval }, some],
  ['in-review', 'review-closed', { status: 'parked', why: 'its pull request was closed without a merge' }, some],
  ['in-review', 'repair-wanted', READY, some],
  ['in-review', 'review-merged', { status: 'landed', commit: 'new commit' }, some],
  ['parked', 'unparked', READY, NO_COUNTERS],
  ['parked at the gate', 'unparked', { ...READY, entry: atTheGate } as TaskState, NO_COUNTERS],
  ['ready at the gate', 'woken', { ...READY, entry: atTheGate } as TaskState, some],
  ...parkable.map(([name, entry]): Row => [name, 'parked', { status: 'parked', why: 'later', entry }, some]),
  ...withdrawable.map((name): Row => [name, 'cancelled', cancelled, some]),
  ...withdrawable.map((name): Row => [name, 'superseded', superseded, some]),
];

test.each(table)('%s, %s', (from, event, state, counters) => {
  expect(step({ state: states[from], counters: some }, events[event], policy)).toEqual({ state, counters });
});

test('what is not in the table is refused', () => {
  expect(new Set(Object.values(states).map(({ status }) => status))).toEqual(new Set(TASK_STATUSES));
  const listed = new Set(table.map(([from, event]) => `${from}, ${event}`));
  let refused = 0;
  for (const from of stateNames) {
    for (const kind of eventKinds) {
      if (listed.has(`${from}, ${kind}`)) continue;
      refused += 1;
      let caught: unknown = null;
      try {
        step({ state: states[from], counters: some }, events[kind], policy);
      } catch (error) {
        caught = error;
      }
      expect(caught, `${from}, ${kind}`).toBeInstanceOf(IllegalTransitionError);
      expect(caught).toMatchObject({ code: 'illegal-transition', status: states[from].status, event: kind });
    }
  }
  expect(refused).toBe(stateNames.length * eventKinds.length - table.length);
});

test('every event has an actor', () => {
  expect(Object.keys(EVENT_ACTOR)).toEqual(eventKinds);
});

describe('with nothing left', () => {
  const spent: Counters = policy;

  test.each([
    [
      'running',
      'product-failure',
      'no retries left: red',
      { ...spent, retries: 4, infrastructure: 0, lost: 0, lostTogether: 0 },
    ],
    ['landing', 'blamed', 'no retries left: red', { ...spent, retries: 4 }],
    [
      'running',
      'infrastructure-failure',
      'the machine failed it 6 times in a row: disk full',
      { ...spent, infrastructure: 6 },
    ],
    ['running', 'lease-lost', 'lost 23 times in a row: killed', { ...spent, lost: 3 }],
    ['landing', 'conflicted', 'conflicted 4 times: a.ts', { ...spent, conflicts: 4 }],
  ] as const)('%s, %s: parked', (from, event, why, counters) => {
    const state: TaskState = { status: 'parked', why };
    expect(step({ state: states[from], counters: spent }, events[event], policy)).toEqual({ state, counters });
  });

  test('the others are not affected', () => {
    for (const [from, event, to] of table) {
      if (['product-failure', 'blamed', 'infrastructure-failure', 'lease-lost', 'conflicted'].includes(event)) continue;
      expect(step({ state: states[from], counters: spent }, events[event], policy).state).toEqual(to);
    }
  });
});

test('the third lost lease in a row parks by default', () => {
  let progress = { state: READY, counters: NO_COUNTERS };
  const statuses = [1, 2, 3].map((attempt) => {
    progress = step(step(progress, { kind: 'leased', attempt }, policy), events['lease-lost'], policy);
    return progress.state.status;
  });
  expect(statuses).toEqual(['ready', 'ready', 'parked']);
});

test('what was lost together with others says little of the task, and parks it much later', () => {
  let progress = { state: READY, counters: NO_COUNTERS };
  const together = { ...events['lease-lost'], together: true };
  const statuses = Array.from({ length: policy.lostTogether + 1 }, (_, index) => {
    progress = step(step(progress, { kind: 'leased', attempt: index + 1 }, policy), together, policy);
    return progress.state.status;
  });
  expect(statuses.indexOf('parked')).toBe(policy.lostTogether);
});

test.each(['lease-lost', 'infrastructure-failure'] as const)('%s: what was collected goes on to its gate', (kind) => {
  const event = { ...events[kind], collected: 'made' };
  const { state } = step({ state: states.running, counters: NO_COUNTERS }, event, policy);
  expect(state).toMatchObject({ status: 'ready', entry: { phase: 'gating', head: 'made' } });
});

describe('the wait after a failure of the machine', () => {
  const failed = (infrastructure: number, retryAtMs: number | null) =>
    step(
      { state: states.running, counters: { ...NO_COUNTERS, infrastructure } },
      { kind: 'infrastructure-failure', why: 'overloaded', atMs: 1_000, retryAtMs, collected: null },
      { ...policy, infrastructure: 2_000 },
    ).state;

  test('doubles up to its limit', () => {
    const waits = [0, 1, 2, 6, 7, 50, 1_999].map((spent) => {
      const state = failed(spent, null);
      return state.status === 'ready' ? (state.notBeforeMs ?? 0) - 1_000 : state.status;
    });
    expect(waits).toEqual([5_000, 10_000, 20_000, 320_000, 600_000, 600_000, 600_000]);
  });

  test('lasts until the provider serves again, but never shorter than the back-off', () => {
    expect(failed(0, 9_000_000)).toMatchObject({ notBeforeMs: 9_000_000 });
    expect(failed(0, 500)).toMatchObject({ notBeforeMs: 6_000 });
  });
});
