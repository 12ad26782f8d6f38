import { describe, expect, test } from 'vitest';
import { AgentPools } from './agent-pools.ts';
import type { AgentChoice } from './agent-pools.ts';
import { NO_BUDGET, NOTHING, NOTHING_SPENT } from './budget.ts';
import { DISK_ROOMY } from './disk.ts';
import { Frontier } from './frontier.ts';
import { isSettled, plan, waitingOf } from './plan.ts';
import { NEW_POOL, NO_POOL_LIMITS } from './pool.ts';
import type { PoolLimits, PoolState, PoolView } from './pool.ts';
import type { Snapshot, TaskView } from './snapshot.ts';
import { NO_COUNTERS, READY } from './task-state.ts';

const NOW_MS = 1_000_000;
const person: PoolState = { ...NEW_POOL, person: { type: 'authentication', why: 'who?', atMs: 1 } };

const agent = (name: string, pool: string | null = name, model: string | null = null): AgentChoice => ({
  spec: model === null ? name : `${name}:${model}`,
  name,
  pool,
  model,
});
const pool = (name: string, limits: Partial<PoolLimits> = {}, state: Partial<PoolState> = {}): PoolView => ({
  name,
  limits: { ...NO_POOL_LIMITS, ...limits },
  state: { ...NEW_POOL, ...state },
  today: NOTHING_SPENT,
});
const task = (id: string, agents: readonly AgentChoice[], more: Partial<TaskView> = {}): TaskView => ({
  id,
  title: '',
  state: READY,
  counters: NO_COUNTERS,
  updatedMs: 0,
  priority: 0,
  area: null,
  agents,
  owns: [`src/${id}`],
  after: [],
  problems: [],
  ...more,
});
const snapshot = (tasks: readonly TaskView[], more: Partial<Snapshot> = {}): Snapshot => ({
  tasks,
  dependencies: new Map(),
  successors: new Map(),
  leases: [],
  kills: [],
  train: { live: false, openLandings: 0 },
  stopped: null,
  pauses: [],
  failuresInARow: 0,
  landingBlocked: null,
  disk: DISK_ROOMY,
  pools: [],
  atWork: [],
  budgets: [],
  limits: { concurrent: 10, dispatchPerCycle: 10, consecutiveFailures: 5, backlog: 10, areas: {} },
  monotonicMs: 1,
  isFirstLook: false,
  graces: [],
  ...more,
});

const started = (from: Snapshot): string[] =>
  plan(from, NOW_MS).flatMap((command) =>
    command.kind === 'dispatch' ? [`${command.taskId} ${command.agent} ${command.pool ?? '-'}`] : [],
  );
const reasons = (one: TaskView, from: Snapshot): string[] =>
  waitingOf(one, from, new Frontier(from, NOW_MS)).map((waiting) =>
    waiting.reason === 'pool' ? `${waiting.pool} ${waiting.refusal.why}` : waiting.reason,
  );

describe('a pool', () => {
  const claude = agent('claude');
  const three = [task('T-1', [claude]), task('T-2', [claude]), task('T-3', [claude])];

  test('takes so many at once, those that run included', () => {
    const from = snapshot(three, { pools: [pool('claude', { concurrent: 2 })], atWork: [claude] });
    expect(started(from)).toEqual(['T-1 claude claude']);
    expect(isSettled(from, NOW_MS)).toBe(false);
  });

  test('takes so many of one model, whatever else it takes', () => {
    const opus = agent('claude', 'claude', 'opus');
    const limits = { models: { opus: 1 } };
    const from = snapshot([task('T-1', [opus]), task('T-2', [opus]), task('T-3', [claude])], {
      pools: [pool('claude', limits)],
    });
    expect(started(from)).toEqual(['T-1 claude:opus claude', 'T-3 claude claude']);
  });

  test('takes one after the other where there is a least time between two', () => {
    const limits = { minDelayMs: 5_000 };
    expect(started(snapshot(three, { pools: [pool('claude', limits)] }))).toEqual(['T-1 claude claude']);
    const soon = snapshot(three, { pools: [pool('claude', limits, { startedMs: NOW_MS - 4_999 })] });
    expect(started(soon)).toEqual([]);
    expect(reasons(three[0]!, soon)).toEqual(['claude delay']);
    expect(started(snapshot(three, { pools: [pool('claude', limits, { startedMs: NOW_MS - 5_000 })] }))).toHaveLength(
      1,
    );
    // A clock that was set back.
    expect(started(snapshot(three, { pools: [pool('claude', limits, { startedMs: NOW_MS + 9e9 })] }))).toHaveLength(1);
  });

  test.each<[string, PoolView, string]>([
    ['is put off', pool('claude', {}, { untilMs: NOW_MS + 1, why: 'quota' }), 'paused'],
    ['is paused by a person', pool('claude', {}, { paused: { by: 'ada', why: 'x', atMs: 1 } }), 'held'],
    ['has had its turns', { ...pool('claude', { dailyTurns: 3 }), today: { ...NOTHING_SPENT, turns: 3 } }, 'daily'],
    [
      'has spent its budget',
      {
        ...pool('claude', { budget: { ...NO_BUDGET, tokens: 10 } }),
        today: { ...NOTHING_SPENT, reserved: { ...NOTHING, tokens: 10 } },
      },
      'budget',
    ],
  ])('that %s takes nothing, and the run waits for it', (_, held, why) => {
    const from = snapshot(three, { pools: [held] });
    expect(started(from)).toEqual([]);
    expect(reasons(three[0]!, from)).toEqual([`claude ${why}`]);
    expect(isSettled(from, NOW_MS)).toBe(false);
  });

  test('that needs a person ends the run', () => {
    const from = snapshot(three, { pools: [pool('claude', {}, person)] });
    expect(started(from)).toEqual([]);
    expect(isSettled(from, NOW_MS)).toBe(true);
  });

  test('says nothing to a commit that goes on at its gate', () => {
    const entry = { phase: 'gating', head: 'h' } as const;
    const atGate = task('T-1', [claude], { state: { status: 'ready', notBeforeMs: null, entry } });
    const from = snapshot([atGate, task('T-2', [claude])], { pools: [pool('claude', { concurrent: 1 })] });
    expect(started(from)).toEqual(['T-1 claude -', 'T-2 claude claude']);
    expect(started(snapshot([atGate], { pools: [pool('claude', {}, person)] }))).toEqual(['T-1 claude -']);
  });
});

describe('a chain of agents', () => {
  const chain = [agent('codex'), agent('claude'), agent('script', null)];

  test('is asked in its order: the first with room works', () => {
    const tasks = [task('T-1', chain), task('T-2', chain), task('T-3', chain)];
    const pools = [pool('codex', { concurrent: 1 }), pool('claude', { concurrent: 1 })];
    expect(started(snapshot(tasks, { pools }))).toEqual(['T-1 codex codex', 'T-2 claude claude', 'T-3 script -']);
  });

  test('none of which has room says why, of each', () => {
    const two = chain.slice(0, 2);
    const pools = [pool('codex', {}, person), pool('claude', {}, { untilMs: NOW_MS + 9, why: 'quota' })];
    const from = snapshot([task('T-1', two)], { pools });
    expect(reasons(task('T-1', two), from)).toEqual(['codex person', 'claude paused']);
    // The quota comes back by itself.
    expect(isSettled(from, NOW_MS)).toBe(false);
    expect(isSettled({ ...from, pools: [pool('codex', {}, person), pool('claude', {}, person)] }, NOW_MS)).toBe(true);
  });

  test('leaves out an agent that a person has paused', () => {
    const pauses = [{ subject: { of: 'agent', name: 'codex' }, by: 'ada', why: 'x', atMs: 1 }] as const;
    expect(started(snapshot([task('T-1', chain)], { pauses }))).toEqual(['T-1 claude claude']);
    expect(reasons(task('T-1', [agent('codex')]), snapshot([task('T-1', [agent('codex')])], { pauses }))).toEqual([
      'paused',
    ]);
  });
});

describe('a budget that all share', () => {
  const spend = { ...NOTHING_SPENT, settled: { ...NOTHING, usdMicros: 9 } };
  const budget = { ...NO_BUDGET, usdMicros: 9 };

  test.each([
    ['day', false],
    ['run', true],
  ] as const)('of the %s holds every task once it is spent', (of, ends) => {
    const one = task('T-1', [agent('script', null)]);
    const from = snapshot([one], { budgets: [{ of, budget, spend }] });
    expect(started(from)).toEqual([]);
    expect(reasons(one, from)).toEqual(['budget']);
    expect(isSettled(from, NOW_MS)).toBe(ends);
    expect(started(snapshot([one], { budgets: [{ of, budget: NO_BUDGET, spend }] }))).toHaveLength(1);
  });
});

test('who is in no known pool is held by none', () => {
  const pools = new AgentPools([], [], NOW_MS);
  expect(pools.refusal({ pool: null, model: 'm' })).toBeNull();
  expect(pools.refusal({ pool: 'unknown', model: null })).toBeNull();
});
