import { expect, test } from 'vitest';
import type { PoolRefusal } from './pool.ts';
import { TASK_STATUSES } from './task-state.ts';
import { describeWaiting } from './waiting.ts';
import type { Waiting, WaitingReason } from './waiting.ts';

const refusals: readonly PoolRefusal[] = [
  { why: 'person', text: 'it is not logged in (401)' },
  { why: 'held', by: 'ada', text: 'lunch' },
  { why: 'paused', text: 'its quota is used up (429)', untilMs: 9, remainingMs: 1_800_000 },
  { why: 'daily', turns: 7, limit: 7, untilMs: 9, remainingMs: 19_200_000 },
  {
    why: 'budget',
    untilMs: 9,
    remainingMs: 60_000,
    measure: 'tokens',
    used: 1_200,
    reserved: 0,
    limit: 1_000,
    estimated: 0,
  },
  { why: 'concurrent', running: 2, limit: 2 },
  { why: 'model', model: 'opus', running: 1, limit: 1 },
  { why: 'delay', remainingMs: 1_500 },
];

/** One of each reason, or more; the type keeps the list complete. */
const all: { readonly [R in WaitingReason]: readonly (Waiting & { reason: R })[] } = {
  stopped: [{ reason: 'stopped', by: 'ada', why: 'lunch' }],
  paused: [
    { reason: 'paused', subject: { of: 'all' }, by: 'ada', why: 'lunch' },
    { reason: 'paused', subject: { of: 'train' }, by: 'ada', why: 'a release' },
    { reason: 'paused', subject: { of: 'area', name: 'api' }, by: 'ada', why: 'it is moved' },
    { reason: 'paused', subject: { of: 'agent', name: 'codex' }, by: 'ada', why: 'the quota' },
  ],
  ending: [{ reason: 'ending', attempt: 2 }],
  failures: [{ reason: 'failures', inARow: 5, limit: 5 }],
  problem: [{ reason: 'problem', problem: 'it has no acceptance criteria' }],
  dependency: [{ reason: 'dependency', id: 'T-1', state: 'missing' }],
  cycle: [{ reason: 'cycle', ids: ['T-7', 'T-8', 'T-7'] }],
  'not-before': [
    { reason: 'not-before', notBeforeMs: 5_000, remainingMs: 1 },
    { reason: 'not-before', notBeforeMs: 5_000, remainingMs: 89_999 },
    { reason: 'not-before', notBeforeMs: 5_000, remainingMs: 90_000 },
  ],
  backlog: [{ reason: 'backlog', accepted: 9, limit: 8 }],
  disk: [{ reason: 'disk', directory: '/state', freeBytes: 700 * 1024 ** 2, neededBytes: 2 * 1024 ** 3 }],
  scope: [
    { reason: 'scope', holder: 'T-2', ours: 'src/a.ts', theirs: 'src/**' },
    { reason: 'scope', holder: 'T-2', ours: 'src', theirs: 'src' },
  ],
  area: [{ reason: 'area', area: 'api', running: 2, limit: 2 }],
  pool: refusals.map((refusal) => ({ reason: 'pool', pool: 'claude', agent: 'claude:opus', refusal })),
  budget: [
    {
      reason: 'budget',
      of: 'day',
      measure: 'usdMicros',
      used: 9_500_000,
      reserved: 500_000,
      limit: 10_000_000,
      estimated: 0,
      untilMs: 86_400_000,
      remainingMs: 19_200_000,
    },
    {
      reason: 'budget',
      of: 'day',
      measure: 'usdMicros',
      used: 11_000_000,
      reserved: 500_000,
      limit: 10_000_000,
      estimated: 0,
      untilMs: 86_400_000,
      remainingMs: 19_200_000,
    },
    { reason: 'budget', of: 'run', measure: 'timeMs', used: 3_600_000, reserved: 0, limit: 3_600_000, estimated: 0 },
  ],
  slots: [{ reason: 'slots', running: 4, limit: 4 }],
  'cycle-limit': [{ reason: 'cycle-limit', started: 2, limit: 2 }],
  lost: [
    { reason: 'lost', why: 'unclaimed' },
    { reason: 'lost', why: 'owner-dead' },
    { reason: 'lost', why: 'rebooted' },
    { reason: 'lost', why: 'expired' },
  ],
  question: [{ reason: 'question', text: 'Tabs or spaces?' }],
  approval: [{ reason: 'approval', hash: '0123456789abcdef', paths: ['.yard/config.yaml', 'CLAUDE.md'] }],
  train: [
    { reason: 'train', ahead: 0 },
    { reason: 'train', ahead: 3 },
  ],
  'landing-blocked': [{ reason: 'landing-blocked', why: 'main is checked out in /home/ada/project' }],
  parked: [{ reason: 'parked', why: 'no retries left: the gate is red' }],
};

test('each reason is a sentence with its numbers', () => {
  const sentences = Object.values<readonly Waiting[]>(all).flatMap((list) =>
    list.map((one) => describeWaiting(one, 'T-7')),
  );
  expect(sentences.join('\n')).toMatchInlineSnapshot(`
    "the yard is stopped by ada (lunch); go on with: yard resume
    the yard is paused by ada (lunch); go on with: yard resume
    the train is paused by ada (a release); go on with: yard resume train
    the area api is paused by ada (it is moved); go on with: yard resume area api
    the agent codex is paused by ada (the quota); go on with: yard resume agent codex
    processes of its attempt 2 are still being ended
    5 attempts failed in a row (limit 5); look at them with: yard breaker, then: yard breaker reset
    it has no acceptance criteria
    it comes after T-1, which does not exist
    its dependencies form a cycle: T-7 → T-8 → T-7
    it is put off for another 1 s after a failure of the machine or a provider; try at once with: yard wake T-7
    it is put off for another 90 s after a failure of the machine or a provider; try at once with: yard wake T-7
    it is put off for another 2 min after a failure of the machine or a provider; try at once with: yard wake T-7
    9 accepted tasks wait to land (limit 8); starting more would only age them
    the disk is nearly full: 700 MiB are free in /state, 2.0 GiB are needed; make room, and it goes on by itself
    T-2 holds src/**, which overlaps src/a.ts, until it has landed
    T-2 holds src until it has landed
    2 attempts run in the area api (limit 2)
    the pool claude needs a person: it is not logged in (401); mend it, then: yard pools clear claude
    the pool claude is paused by ada (lunch); go on with: yard pools resume claude
    the pool claude is put off for another 30 min: its quota is used up (429); try at once with: yard pools clear claude
    the pool claude has had its 7 turns of this day (pools.claude.dailyTurns); the next day begins in 5 h 20 min
    the pool claude has spent its budget of this day: 1200 tokens of 1000 tokens used (pools.claude.budget); the next day begins in 60 s
    the pool claude has 2 running (limit 2)
    the pool claude has 1 running with opus (limit 1)
    the pool claude takes the next one in 2 s (pools.claude.minDelay)
    the budget of the day is taken for now: $9.50 of $10.00 used, the rest is reserved by turns that run (budgets.day)
    the budget of the day is spent: $11.00 of $10.00 used (budgets.day); nothing starts until the next day (in 5 h 20 min)
    the budget of the run is spent: 3600 s of 3600 s used (budgets.run)
    4 attempts run (limit 4)
    this cycle has started 2 attempts (limit 2); it comes in a next one
    no process took it up; its work is kept, and the next cycle of yard run starts it again
    its process died; its work is kept, and the next cycle of yard run starts it again
    the machine was restarted; its work is kept, and the next cycle of yard run starts it again
    its process does not renew its lease; its work is kept, and the next cycle of yard run starts it again
    it asks: Tabs or spaces? — answer with: yard answer T-7 "…"
    it changed protected paths (.yard/config.yaml, CLAUDE.md); look with: yard diff T-7, then: yard approve T-7 0123456789ab (or refuse)
    it is next to land
    3 accepted tasks are ahead of it in the train
    nothing can land: main is checked out in /home/ada/project
    it is parked: no retries left: the gate is red; put it back with: yard unpark T-7"
  `);
});

test('of a superseded dependency, who stands in its place is told', () => {
  const waiting = { reason: 'dependency', id: 'T-1', state: 'running', successor: 'T-9' } as const;
  expect(describeWaiting(waiting, 'T-7')).toBe('it comes after T-9 (in the place of T-1), which is running');
});

test('a dependency is told with its state', () => {
  const sentences = TASK_STATUSES.map((state) => describeWaiting({ reason: 'dependency', id: 'T-1', state }, 'T-7'));
  expect(sentences.join('\n')).toMatchInlineSnapshot(`
    "it comes after T-1, which is proposed
    it comes after T-1, which is ready
    it comes after T-1, which is running
    it comes after T-1, which is blocked and has not landed
    it comes after T-1, which is accepted
    it comes after T-1, which is landing
    it comes after T-1, which is in-review
    it comes after T-1, which is landed
    it comes after T-1, which is parked and has not landed
    it comes after T-1, which is cancelled and has not landed
    it comes after T-1, which is superseded and has not landed"
  `);
});

test('what a merge made of protected paths is told apart', () => {
  const waiting = { reason: 'approval', hash: '0123456789abcdef', paths: ['.yard/config.yaml'], merged: true } as const;
  expect(describeWaiting(waiting, 'T-7')).toBe(
    'merged with what has landed since, protected paths (.yard/config.yaml) have a content that nobody has approved; look with: yard diff T-7, then: yard approve T-7 0123456789ab (or refuse)',
  );
});

test('foreign text cannot leave its line, nor push away what to do', () => {
  const text = `\u001b[2Jfirst\nsecond\r${'x'.repeat(5_000)}`;
  const sentence = describeWaiting({ reason: 'question', text }, 'T-7');
  expect(sentence).toMatch(/^it asks: first second x+… — answer with: yard answer T-7 "…"$/);
  expect(sentence.length).toBeLessThan(500);
  const paths = Array.from({ length: 50 }, (_, at) => `p${at}\n`);
  expect(describeWaiting({ reason: 'approval', hash: 'h', paths }, 'T-7')).toContain('p9 and 40 more)');
});
