import { expect, test } from 'vitest';
import { taskResource } from '../../src/core/lease.ts';
import { DEFAULT_RETRY_POLICY, NO_COUNTERS } from '../../src/core/task-state.ts';
import type { TaskState } from '../../src/core/task-state.ts';
import type { Json, YardEvent } from '../../src/core/yard-event.ts';
import type { IntentRecord } from '../../src/store/store.ts';
import { checkPlayed } from './check.ts';
import type { Played, Violation } from './played.ts';
import type { StoreRecord } from './store-record.ts';
import type { Observation } from './world.ts';
import { treeOf } from './world.ts';

// The judge of the simulated histories, before histories that were made by hand: one that keeps all promises, and beside
// it one for each way to break them.

/** A history as it is easiest to write and to break. */
interface History {
  events: [type: string, taskId: string | null, attempt: number | null, data: Json][];
  states: Record<string, TaskState>;
  records: StoreRecord[];
  seen: Observation[];
  intents: IntentRecord[];
  running: string[];
  crashes: string[];
  isDone: boolean;
}

const GOOD = treeOf({ a: 'good' });
const RED = treeOf({ a: 'bad' });
const TASK = taskResource('T-1');

/** T-1 lands; T-2 is interrupted, starts again, and is cancelled; a person moves the target as well. */
function sound(): History {
  return {
    events: [
      ['task.added', 'T-1', null, {}],
      ['task.added', 'T-2', null, {}],
      ['task.leased', 'T-1', 1, { attempt: 1, from: 'ready', to: 'running' }],
      ['task.leased', 'T-2', 1, { attempt: 1, from: 'ready', to: 'running' }],
      ['task.changed', 'T-2', null, {}],
      ['attempt.finished', 'T-1', 1, {}],
      ['task.accepted', 'T-1', 1, { head: 'h', from: 'running', to: 'accepted' }],
      ['attempt.killed', 'T-2', 1, { token: 1 }],
      ['attempt.finished', 'T-2', 1, {}],
      ['task.interrupted', 'T-2', 1, { why: 'w', from: 'running', to: 'ready' }],
      ['task.boarded', 'T-1', 1, { from: 'accepted', to: 'landing' }],
      ['task.sealed', 'T-1', 1, { from: 'landing', to: 'landing' }],
      ['landing.opened', 'T-1', 1, { intentId: 3, newCommit: 'c2' }],
      ['train.killed', null, null, { token: 1 }],
      ['landing.closed', 'T-1', 1, { intentId: 3 }],
      ['task.landed', 'T-1', 1, { commit: 'c2', from: 'landing', to: 'landed' }],
      ['task.leased', 'T-2', 2, { attempt: 2, from: 'ready', to: 'running' }],
      ['attempt.finished', 'T-2', 2, {}],
      ['attempt.killed', 'T-2', 2, { token: 3 }],
      ['task.cancelled', 'T-2', 2, { from: 'running', to: 'cancelled' }],
    ],
    states: { 'T-1': { status: 'landed', commit: 'c2' }, 'T-2': { status: 'cancelled' } },
    records: [handed('dispatch', 1), by('renew', 1, true), by('finish', 1, false), handed('acquire', 2)],
    seen: [green(GOOD), moved('c1', 'c2', GOOD), moved('c2', 'c3', RED, 'person')],
    intents: [],
    running: [],
    crashes: [],
    isDone: true,
  };
}

function handed(method: string, token: number): StoreRecord {
  return { kind: 'commit', method, fences: [], events: [], leases: [{ resource: TASK, token, held: true }] };
}

/** A write that went by a token of `TASK`. */
function by(method: string, token: number, held: boolean): StoreRecord {
  const fence = { resource: TASK, token };
  return { kind: 'commit', method, fences: [fence], events: [], leases: [{ ...fence, held }] };
}

function green(tree: string): Observation {
  return { kind: 'verdict', tree, isGreen: true };
}

function moved(from: string, to: string, tree: string, who = 'train'): Observation {
  return { kind: 'target-moved', from, to, tree, by: who };
}

function judge(history: History): Promise<Violation[]> {
  const events = history.events.map(([type, taskId, attempt, data], index): YardEvent => {
    return { seq: index + 1, atMs: 0, taskId, attempt, type, data };
  });
  const rows = Object.entries(history.states).map(([id, state]) => ({ id, state, counters: NO_COUNTERS }));
  const played: Played = {
    store: {
      events: () => Promise.resolve(events),
      rows: () => Promise.resolve(rows),
      openIntents: () => Promise.resolve(history.intents),
    },
    policy: DEFAULT_RETRY_POLICY,
    records: history.records,
    world: { observations: history.seen },
    machine: {
      alive: [{ role: 'operator', isPerson: true }, ...history.running.map((role) => ({ role, isPerson: false }))],
      crashes: history.crashes,
    },
    first: 'c1',
    isDone: history.isDone,
  };
  return checkPlayed(played);
}

test('a history that keeps all promises', async () => {
  expect(await judge(sound())).toEqual([]);
});

const without = (history: History, type: string, taskId: string): void => {
  history.events = history.events.filter(([each, id]) => each !== type || id !== taskId);
};

const again = (history: History, type: string): void => {
  const index = history.events.findIndex(([each]) => each === type);
  history.events.splice(index + 1, 0, ...history.events.slice(index, index + 1));
};

/** What is done to the sound history, and all that must be said of it. */
const BREACHES: readonly [name: string, breach: (history: History) => void, ...said: readonly string[]][] = [
  [
    'the target moves from where it does not stand',
    ({ seen }) => void seen.splice(1, 1, moved('c0', 'c2', GOOD)),
    'P2: moved from c0, but it stood at c1',
  ],
  ['no verdict', ({ seen }) => void seen.splice(0, 1), 'P2: c2 landed without a green verdict on its tree'],
  [
    'a verdict that comes after the landing',
    ({ seen }) => void seen.push(...seen.splice(0, 1)),
    'P2: c2 landed without a green verdict on its tree',
  ],
  [
    'a verdict that lies',
    ({ seen }) => void seen.splice(0, 2, green(RED), moved('c1', 'c2', RED)),
    'P2: c2 landed without a green verdict on its tree',
  ],
  [
    'a task that lands twice',
    (history) => {
      history.seen.splice(2, 0, moved('c2', 'c4', GOOD));
      history.seen.splice(3, 1, moved('c4', 'c3', RED, 'person'));
      history.events.splice(13, 0, ['landing.opened', 'T-1', 1, { intentId: 4, newCommit: 'c4' }]);
    },
    'P3: T-1 is landed, and landed 2 times',
  ],
  [
    'a task that lands though it is cancelled',
    (history) => {
      history.seen.push(moved('c3', 'c4', GOOD));
      history.events.push(['landing.opened', 'T-2', 2, { intentId: 4, newCommit: 'c4' }]);
    },
    'P3: T-2 is cancelled, and landed 1 times',
  ],
  [
    'a task that is told to have landed and has not',
    ({ seen }) => void seen.splice(1, 2),
    'P3: T-1 is landed, and landed 0 times',
  ],
  [
    'a landing without an intent',
    (history) => without(history, 'landing.opened', 'T-1'),
    'P3: c2 landed without an intent',
    'P3: T-1 is landed, and landed 0 times',
  ],
  [
    'a landing that is closed twice',
    (history) => again(history, 'landing.closed'),
    'P3: event 16: the landing 3 was closed before',
  ],
  [
    'a write by an outdated token',
    ({ records }) => void records.push({ ...by('progress', 1, true), leases: [] } as StoreRecord),
    `P4: progress was taken with the outdated token 1 of ${TASK}`,
  ],
  [
    'a write by a token that was given back',
    ({ records }) => void records.splice(3, 0, { ...by('progress', 1, true), leases: [] } as StoreRecord),
    `P4: progress was taken with the outdated token 1 of ${TASK}`,
  ],
  [
    'a token that goes back',
    ({ records }) => void records.push(handed('acquire', 1)),
    `P4: the token of ${TASK} went back to 1`,
  ],
  [
    'a free lease that is handed out under the token it had',
    ({ records }) => void records.splice(3, 1, handed('acquire', 1)),
    `P4: the token 1 of ${TASK} was given out twice`,
  ],
  [
    'a held lease that is taken over under the token it has',
    ({ records }) => void records.push(handed('acquire', 2)),
    `P4: the token 2 of ${TASK} was given out twice`,
  ],
  [
    'two agents in one lane',
    ({ seen }) => void seen.push({ kind: 'lane-shared', taskId: 'T-2', tokens: [1, 3] }),
    'P8: agents of 1 and 3 write to the lane of T-2 at once',
  ],
  ['a process that is left', ({ running }) => void running.push('train'), 'P8: still running at the end: train'],
  [
    'an intent that is left open',
    ({ intents }) =>
      void intents.push({ id: 9, intent: { kind: 'kill', subject: { of: 'train', token: 1 } }, openedMs: 0 }),
    'P5: open intents: [{"id":9,"intent":{"kind":"kill","subject":{"of":"train","token":1}},"openedMs":0}]',
  ],
  [
    'no end',
    (history) => {
      history.isDone = false;
      // What has not come to an end is not asked for the ends of its attempts.
      history.events.push(['task.added', 'T-3', null, {}]);
      history.events.push(['task.leased', 'T-3', 1, { attempt: 1, from: 'ready', to: 'running' }]);
      history.states['T-3'] = { status: 'running', attempt: 1, entry: { phase: 'implementing' } };
    },
    'P5: it never came to rest: T-1 landed, T-2 cancelled, T-3 running',
  ],
  [
    'a crash',
    ({ crashes }) => void crashes.push('train: no such thing'),
    'P5: a process crashed by itself: train: no such thing',
  ],
  [
    'an event that tells another state before it',
    ({ events }) => void events.splice(15, 1, ['task.landed', 'T-1', 1, { commit: 'c2', from: 'ready', to: 'landed' }]),
    'P5: event 16: task.landed took T-1 from ready to landed, but leads from landing to landed',
  ],
  [
    'an event that tells another state after it',
    ({ events }) => void events.splice(6, 1, ['task.accepted', 'T-1', 1, { head: 'h', from: 'running', to: 'landed' }]),
    'P5: event 7: task.accepted took T-1 from running to landed, but leads from running to accepted',
  ],
  [
    'an event that the state does not admit',
    ({ events }) => void events.push(['task.unparked', 'T-2', null, { from: 'cancelled', to: 'ready' }]),
    'P5: event 21: task.unparked took T-2 from cancelled to ready, but leads from cancelled to nowhere',
  ],
  [
    'a task that no event added',
    (history) => {
      history.events.push(['task.boarded', 'T-3', null, { from: 'accepted', to: 'landing' }]);
    },
    'P5: event 21: task.boarded took T-3 from accepted to landing, but leads from nowhere to nowhere',
  ],
  [
    'a state that no event led to',
    ({ states }) => {
      states['T-2'] = { status: 'parked', why: 'w' };
    },
    'P5: T-2 is {"status":"parked","why":"w"}, but by its events {"status":"cancelled"}',
  ],
  ['an attempt that never finishes', ({ events }) => void events.splice(17, 1), 'P5: the attempt T-2 2 never finished'],
  [
    'an attempt that finishes twice',
    (history) => again(history, 'attempt.finished'),
    'P5: event 7: attempt 1 of T-1 finished, but none was open',
  ],
  [
    'an attempt that finishes and never started',
    ({ events }) => void events.push(['attempt.finished', 'T-2', 3, {}]),
    'P5: event 21: attempt 3 of T-2 finished, but none was open',
  ],
  [
    'a turn that is never settled',
    ({ events }) => void events.push(['turn.reserved', 'T-9', 1, { id: 7 }]),
    'P5: the turn 7 was never settled',
  ],
  [
    'a turn that is settled twice',
    ({ events }) =>
      void events.push(
        ['turn.reserved', 'T-9', 1, { id: 7 }],
        ['turn.settled', 'T-9', 1, { id: 7 }],
        ['turn.settled', 'T-9', 1, { id: 7 }],
      ),
    'P5: event 23: the turn 7 was settled, but not open',
  ],
  [
    'an attempt that is killed twice',
    (history) => again(history, 'attempt.killed'),
    'P5: event 9: the kill of attempt 1 of T-2 was closed before',
  ],
  [
    'a train that is killed twice',
    (history) => again(history, 'train.killed'),
    'P5: event 15: the kill of the train of token 1 was closed before',
  ],
];

test.each(BREACHES)('%s is found out, and nothing else is', async (_, breach, ...said) => {
  const history = sound();
  breach(history);
  expect((await judge(history)).map(({ promise, why }) => `${promise}: ${why}`)).toEqual(said);
});
