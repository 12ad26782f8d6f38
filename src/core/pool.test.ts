import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NOTHING_SPENT } from './budget.ts';
import { cleared, holdOf, isForPerson, NEW_POOL, NO_POOL_LIMITS, poolAfter } from './pool.ts';
import type { PoolState, PoolTurn } from './pool.ts';
import type { ProviderFailure } from './provider-failure.ts';

const MINUTE_MS = 60_000;
const NOW_MS = 1_000_000_000;

const because = (type: ProviderFailure['type'], resetMs: number | null = null): PoolTurn => ({
  model: null,
  why: null,
  startedMs: NOW_MS - 1_000,
  end: 'failed',
  failure: { type, status: 429, resetMs, code: 'rate_limit' },
});
const failed: PoolTurn = { model: null, why: null, startedMs: NOW_MS - 59_999, end: 'failed', failure: null };
const served: PoolTurn = { model: null, why: null, startedMs: NOW_MS - 1_000, end: 'served', failure: null };

function after(turns: readonly PoolTurn[], state: PoolState = NEW_POOL, jitter = 1): PoolState {
  return turns.reduce((left, turn) => poolAfter(left, turn, NOW_MS, jitter).state, state);
}

describe('a quota', () => {
  test('holds the pool until its reset, or for half an hour where none is told', () => {
    expect(after([because('quota', NOW_MS + 5 * MINUTE_MS)]).untilMs).toBe(NOW_MS + 5 * MINUTE_MS);
    expect(after([because('quota')]).untilMs).toBe(NOW_MS + 30 * MINUTE_MS);
  });

  test('is never made shorter by what comes later, and is told once', () => {
    const first = poolAfter(NEW_POOL, because('quota', NOW_MS + 9 * MINUTE_MS), NOW_MS, 0);
    expect(first.news).toBe('paused');
    const second = poolAfter(first.state, because('overload'), NOW_MS, 0);
    expect(second.state.untilMs).toBe(NOW_MS + 9 * MINUTE_MS);
    expect(second.news).toBeNull();
    expect(after([served], first.state).untilMs).toBe(NOW_MS + 9 * MINUTE_MS);
  });

  test('that is over by a wrong clock still holds it for a minute', () => {
    expect(after([because('quota', 5)]).untilMs).toBe(NOW_MS + MINUTE_MS);
  });
});

describe('a clock that was set back', () => {
  const dayMs = 86_400_000;

  test('does not make an overload a part of one that is still to come', () => {
    const ahead = after([because('overload')], { ...NEW_POOL, overloads: 1, overloadedMs: NOW_MS + dayMs });
    expect(ahead).toMatchObject({ untilMs: NOW_MS + 30_000, overloadedMs: NOW_MS });
  });

  test('is not held by what was reckoned before it was, and is held by what comes then', () => {
    const today = { limits: NO_POOL_LIMITS, today: NOTHING_SPENT };
    const held = after([because('quota', NOW_MS + 5 * MINUTE_MS)]);
    const at = (nowMs: number) => holdOf({ ...today, state: held }, nowMs, true);
    expect(at(NOW_MS)).toMatchObject({ why: 'paused', remainingMs: 5 * MINUTE_MS });
    expect(at(NOW_MS - MINUTE_MS)).toMatchObject({ why: 'paused', remainingMs: 6 * MINUTE_MS });
    expect(at(NOW_MS - 3 * 60 * MINUTE_MS)).toBeNull();
    const nowMs = NOW_MS - dayMs;
    const again = poolAfter(held, { ...because('overload'), startedMs: nowMs }, nowMs, 1);
    expect(again).toMatchObject({ news: 'paused', state: { untilMs: nowMs + 15_000, sinceMs: nowMs } });
  });

  test('is held by what an older version wrote without saying when', () => {
    const { sinceMs: _, ...older } = after([because('quota', NOW_MS + 5 * MINUTE_MS)]);
    const hold = holdOf({ limits: NO_POOL_LIMITS, state: older, today: NOTHING_SPENT }, NOW_MS - dayMs, true);
    expect(hold).toMatchObject({ why: 'paused' });
  });

  test('is not held by what lies further off than any quota, and is held by what comes then', () => {
    const today = { limits: NO_POOL_LIMITS, today: NOTHING_SPENT };
    const held = { ...NEW_POOL, untilMs: NOW_MS + 400 * dayMs, why: 'x' };
    expect(holdOf({ ...today, state: held }, NOW_MS, true)).toBeNull();
    const again = after([because('quota', NOW_MS + dayMs)], held);
    expect(holdOf({ ...today, state: again }, NOW_MS, true)).toMatchObject({ why: 'paused', remainingMs: dayMs });
  });
});

describe('an overload', () => {
  test('backs off twice as long each time, to a quarter of an hour, until a turn is served', () => {
    let state = NEW_POOL;
    let nowMs = NOW_MS;
    const waits = Array.from({ length: 9 }, () => {
      state = poolAfter(state, { ...because('overload'), startedMs: nowMs }, nowMs, 1).state;
      const waitMs = (state.untilMs ?? 0) - nowMs;
      nowMs += waitMs;
      return waitMs / 1_000;
    });
    expect(waits).toEqual([15, 30, 60, 120, 240, 480, 900, 900, 900]);
    state = poolAfter(state, { ...served, startedMs: nowMs }, nowMs, 1).state;
    state = poolAfter(state, { ...because('overload'), startedMs: nowMs }, nowMs, 1).state;
    expect(state.untilMs).toBe(nowMs + 15_000);
  });

  test('is spread by chance over the second half of its wait', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), (jitter) => {
        const waitMs = (after([because('overload')], NEW_POOL, jitter).untilMs ?? 0) - NOW_MS;
        expect(waitMs).toBeGreaterThanOrEqual(7_500);
        expect(waitMs).toBeLessThanOrEqual(15_000);
      }),
    );
  });

  test('that several turns side by side met is one', () => {
    const state = after([because('overload'), because('overload'), because('overload')]);
    expect(state.overloads).toBe(1);
    expect(state.untilMs).toBe(NOW_MS + 15_000);
  });

  test('is told from a provider that could not be reached', () => {
    const failure = { type: 'overload', status: null, resetMs: null, code: 'unknown', isUnanswered: true } as const;
    expect(after([{ ...because('overload'), failure }]).why).toBe('its provider could not be reached (unknown)');
    expect(after([because('overload')]).why).toMatch(/^its provider is overloaded/);
  });

  test('waits as long as the provider says, if that is longer', () => {
    expect(after([because('overload', NOW_MS + 3 * MINUTE_MS)]).untilMs).toBe(NOW_MS + 3 * MINUTE_MS);
  });
});

describe('an overload that was waited for in vain', () => {
  const waited = (minutes: number): PoolTurn => {
    const { failure, ...turn } = because('overload');
    return { ...turn, failure: failure === null ? null : { ...failure, waitedMs: minutes * MINUTE_MS } };
  };

  test('puts off for as long again at the least, and then for longer', () => {
    expect(after([waited(3)], NEW_POOL, 0).untilMs).toBe(NOW_MS + 3 * MINUTE_MS);
    const state = after([waited(3)]);
    expect(state.untilMs).toBe(NOW_MS + 6 * MINUTE_MS);
    const laterMs = NOW_MS + 6 * MINUTE_MS;
    const next = poolAfter(state, { ...because('overload'), startedMs: laterMs }, laterMs, 1);
    expect(next.state.untilMs).toBe(laterMs + 15 * MINUTE_MS);
    expect(after([waited(60)]).untilMs).toBe(NOW_MS + 15 * MINUTE_MS);
    expect(after([waited(0.01)]).untilMs).toBe(NOW_MS + 15_000);
  });

  test('counts once where several turns side by side met it, and puts off though another one failed at once', () => {
    expect(after([waited(3), waited(3), waited(3)])).toMatchObject({
      untilMs: NOW_MS + 6 * MINUTE_MS,
      overloads: after([waited(3)]).overloads,
    });
    expect(after([because('overload'), waited(3)])).toMatchObject({ untilMs: NOW_MS + 6 * MINUTE_MS, overloads: 1 });
  });
});

describe('failures without a reason', () => {
  test('three of them in a row, each within a minute, hold the pool for half an hour', () => {
    expect(after([failed, failed]).untilMs).toBeNull();
    expect(after([failed, failed, failed]).untilMs).toBe(NOW_MS + 30 * MINUTE_MS);
    expect(after([failed, failed, served, failed]).untilMs).toBeNull();
    expect(after([failed, failed, { ...failed, startedMs: NOW_MS - MINUTE_MS }, failed]).untilMs).toBeNull();
  });

  test('what somebody ended says nothing', () => {
    expect(after([failed, failed, { ...failed, end: 'cut' }]).quickFailures).toBe(2);
  });
});

test.each(['authentication', 'entitlement', 'model'] as const)('%s needs a person, who is told once', (type) => {
  const first = poolAfter(NEW_POOL, because(type), NOW_MS, 0);
  expect(first).toMatchObject({ news: { type }, state: { person: { type, atMs: NOW_MS } } });
  const second = poolAfter(first.state, because(type), NOW_MS + 1, 0);
  expect(second.news).toBeNull();
  expect(second.state).toBe(first.state);
  expect(after([served], first.state).person).not.toBeNull();
  expect(cleared(first.state).person).toBeNull();
});

test('a model that is refused needs a person, who is told once, and holds no other one', () => {
  const wrong: PoolTurn = { ...because('model'), model: 'opsu' };
  const first = poolAfter(NEW_POOL, wrong, NOW_MS, 0);
  const why = 'it has no model opsu, or may not use it (429 rate_limit)';
  expect(first.news).toEqual({ type: 'model', why, atMs: NOW_MS });
  expect(poolAfter(first.state, wrong, NOW_MS + 1, 0)).toEqual({ state: first.state, news: null });
  const view = { limits: NO_POOL_LIMITS, state: after([served], first.state), today: NOTHING_SPENT };
  const refusal = holdOf(view, NOW_MS, true, 'opsu');
  expect(refusal).toEqual({ why: 'model-refused', model: 'opsu', text: why });
  expect(refusal !== null && isForPerson(refusal)).toBe(true);
  for (const model of ['opus', null, 'constructor', '__proto__']) expect(holdOf(view, NOW_MS, true, model)).toBeNull();
  expect(holdOf({ ...view, state: cleared(view.state) }, NOW_MS, true, 'opsu')).toBeNull();
});

test('what was said of it is told with it', () => {
  const broke = 'claude failed: Credit balance is too low\n';
  expect(after([{ ...because('entitlement'), why: broke }]).person?.why).toBe(
    'it may not use this (429 rate_limit): claude failed: Credit balance is too low',
  );
  const gone = { ...failed, why: 'qwen is not installed' };
  expect(after([failed, failed, gone]).why).toBe(
    '3 turns in a row failed within a minute, the last: qwen is not installed',
  );
});

test('names of models without end are not all kept', () => {
  const wrong = Array.from({ length: 200 }, (_, index): PoolTurn => ({ ...because('model'), model: `m${index}` }));
  expect(Object.keys(after(wrong).models ?? {})).toHaveLength(50);
});

test('a person’s pause stays when the pool is cleared, and is over starts alone', () => {
  const paused = { by: 'ada', why: 'lunch', atMs: 1 };
  const state = after([because('quota')], { ...NEW_POOL, paused, startedMs: 7 });
  expect(cleared(state)).toEqual({ ...NEW_POOL, paused, startedMs: 7 });
  const pool = { limits: NO_POOL_LIMITS, state: { ...NEW_POOL, paused }, today: NOTHING_SPENT };
  expect(holdOf(pool, NOW_MS, true)).toEqual({ why: 'held', by: 'ada', text: 'lunch' });
  expect(holdOf(pool, NOW_MS, false)).toBeNull();
});

test('a pause is over at its time', () => {
  const pool = { limits: NO_POOL_LIMITS, state: after([because('quota', NOW_MS + 90_000)]), today: NOTHING_SPENT };
  expect(holdOf(pool, NOW_MS, false)).toMatchObject({ why: 'paused', remainingMs: 90_000 });
  expect(holdOf(pool, NOW_MS + 90_000, false)).toBeNull();
});
