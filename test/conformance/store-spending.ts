import { describe, expect, test } from 'vitest';
import { NO_BUDGET, NO_BUDGETS, NOTHING, NOTHING_SPENT } from '../../src/core/budget.ts';
import type { Spend } from '../../src/core/budget.ts';
import type { ProviderFailure } from '../../src/core/provider-failure.ts';
import type { Store } from '../../src/store/store.ts';
import { RESERVED, USAGE, settlement, wantedTurn } from './store-turns.ts';
import { TestYard } from './store-yard.ts';
import type { MakeStore, Running } from './store-yard.ts';

const USED = { usdMicros: 400, tokens: 75, cachedTokens: 500, timeMs: 1_500 };
const ALL_DAYS = { from: 0, to: 1_000_000 };

async function reserve(store: Store, running: Running, rest: Parameters<typeof wantedTurn>[2] = {}): Promise<number> {
  const made = await store.reserveTurn(running.fence, wantedTurn(running.taskId, running.attempt, rest));
  if (made.kind === 'refused') throw new Error(JSON.stringify(made.refusal));
  return made.turnId;
}

/** Of the first task in its first attempt, in the pool `claude`, on the first day. */
async function spends(store: Store, run: number): Promise<Spend[]> {
  const keys = [
    { scope: 'task:T-1', period: 0 },
    { scope: 'attempt:T-1', period: 1 },
    { scope: 'run', period: run },
    { scope: 'day', period: 0 },
    { scope: 'pool:claude', period: 0 },
  ];
  return Promise.all(keys.map((key) => store.spend(key)));
}

function failure(type: ProviderFailure['type'], resetMs: number | null = null): ProviderFailure {
  return { type, status: 429, resetMs, code: null };
}

export function spendingTests(make: MakeStore): void {
  describe('turns', () => {
    test('what is reserved stands in every scope until it is settled, and what was used after that', async () => {
      const yard = await TestYard.make(make);
      const running = await yard.running('T-1');
      const id = await reserve(yard.store, running, { pool: 'claude' });
      const run = yard.scheduler.token;
      const reserved = { ...NOTHING_SPENT, turns: 1, reserved: RESERVED };
      expect(await spends(yard.other, run)).toEqual([reserved, reserved, reserved, reserved, reserved]);
      expect(await yard.lastEvent()).toMatchObject({ type: 'turn.reserved', taskId: 'T-1', attempt: 1, data: { id } });
      yard.pass(5_000);
      await yard.store.settleTurn(running.fence, id, settlement({ source: 'estimate' }));
      const settled = { turns: 1, reserved: NOTHING, settled: USED, estimatedMicros: 400 };
      expect(await spends(yard.other, run)).toEqual([settled, settled, settled, settled, settled]);
      expect(await yard.lastEvent()).toMatchObject({ type: 'turn.settled', data: { id, used: USED } });
      const { costUsd: _, ...usage } = USAGE;
      expect(await yard.other.turns('T-1')).toMatchObject([
        { id, run, pool: 'claude', settled: { end: 'finished', usage, used: USED, source: 'estimate' } },
      ]);
      const before = await yard.dump();
      await yard.store.settleTurn(running.fence, id, settlement());
      expect(await yard.dump()).toEqual(before);
    });

    test('a turn is refused when nothing is left, and takes nothing then', async () => {
      const yard = await TestYard.make(make);
      const running = await yard.running('T-1');
      const limit = { ...NO_BUDGET, usdMicros: 1_500 };
      for (const of of ['attempt', 'task', 'run', 'day', 'pool'] as const) {
        const wanted = wantedTurn('T-1', 1, { pool: of, budgets: { ...NO_BUDGETS, [of]: limit } });
        const ids = [];
        for (const left of [1_500, 500]) {
          const made = await yard.store.reserveTurn(running.fence, wanted);
          expect(made).toMatchObject({ kind: 'reserved', left: { usdMicros: left } });
          if (made.kind === 'reserved') ids.push(made.turnId);
        }
        const seq = await yard.lastSeq();
        const before = await yard.other.turns('T-1');
        const numbers = { measure: 'usdMicros', used: 0, reserved: 2_000, limit: 1_500 };
        const { refusal } = { refusal: undefined, ...(await yard.store.reserveTurn(running.fence, wanted)) };
        expect(refusal).toMatchObject(of === 'pool' ? { pool: of, refusal: numbers } : { of, ...numbers });
        expect(await yard.eventTypes(seq)).toEqual(['turn.refused']);
        expect(await yard.other.turns('T-1')).toEqual(before);
        // As the next one finds them: with nothing spent.
        for (const id of ids) await yard.store.settleTurn(running.fence, id, settlement({ usdMicros: 0 }));
      }
    });

    test('a pool has so many turns a day', async () => {
      const yard = await TestYard.make(make);
      const running = await yard.running('T-1');
      const wanted = wantedTurn('T-1', 1, { pool: 'claude', dailyTurns: 1 });
      expect(await yard.store.reserveTurn(running.fence, wanted)).toMatchObject({ kind: 'reserved' });
      const refusal = { of: 'pool', pool: 'claude', refusal: { why: 'daily', turns: 1, limit: 1 } };
      expect(await yard.store.reserveTurn(running.fence, wanted)).toMatchObject({ kind: 'refused', refusal });
      yard.pass(86_400_000);
      expect(await yard.store.reserveTurn(running.fence, wanted)).toMatchObject({ kind: 'reserved' });
    });

    test('what an attempt leaves open is settled as it was reserved, however it ends', async () => {
      const yard = await TestYard.make(make);
      const finished = await yard.running('T-1');
      await reserve(yard.store, finished, { pool: 'claude' });
      yard.pass(2_000);
      await yard.store.finish(finished.fence, 'T-1', 1, { kind: 'no-change' });
      const lost = await yard.running('T-2');
      await reserve(yard.store, lost, { pool: 'claude' });
      await yard.store.lose(yard.scheduler, lost.fence, 'T-2', 1, { kind: 'lost', why: 'died' });
      const withdrawn = await yard.running('T-3');
      await reserve(yard.store, withdrawn, { pool: 'claude' });
      await yard.store.withdraw('T-3', { kind: 'cancelled' });
      const killed = await yard.running('T-4');
      const id = await reserve(yard.store, killed, { pool: 'claude' });
      const kills = await yard.store.interrupt('ada', 'enough');
      for (const kill of kills) await yard.store.closeKill(kill.id);
      const used = { ...RESERVED, timeMs: 2_000 };
      expect(await yard.other.turns('T-1')).toMatchObject([{ settled: { end: 'lost', usage: null, used } }]);
      const settled = { ...RESERVED, usdMicros: 4_000, tokens: 400, timeMs: 2_000 };
      const whole = { turns: 4, reserved: NOTHING, settled, estimatedMicros: 4_000 };
      expect(await yard.other.spend({ scope: 'pool:claude', period: 0 })).toEqual(whole);
      expect(await yard.other.spend({ scope: 'day', period: 0 })).toEqual(whole);
      // Whoever was ended has nothing to say of it any more.
      await expect(yard.store.settleTurn(killed.fence, id, settlement())).rejects.toMatchObject({
        code: 'stale-token',
      });
    });

    test('costs are added up by task, agent and day, by who says what they were', async () => {
      const yard = await TestYard.make(make);
      const one = await yard.running('T-1');
      const two = await yard.running('T-2');
      const sources = [
        [one, 'mock', 'reported'],
        [one, 'codex', 'table'],
        [two, 'codex', 'estimate'],
      ] as const;
      for (const [running, agent, source] of sources) {
        const id = await reserve(yard.store, running, { agent });
        const usage = source === 'estimate' ? null : USAGE;
        await yard.store.settleTurn(running.fence, id, settlement({ source, usage }));
      }
      await reserve(yard.store, two, { agent: 'codex' });
      const none = { reportedMicros: 0, tableMicros: 0, estimatedMicros: 0 };
      expect(await yard.other.costs('agent', ALL_DAYS)).toMatchObject([
        { ...none, key: 'mock', turns: 1, running: 0, unknownUsage: 0, inputTokens: 50, reportedMicros: 400 },
        { ...none, key: 'codex', turns: 3, running: 1, unknownUsage: 1, tableMicros: 400, estimatedMicros: 400 },
      ]);
      const tasks = await yard.other.costs('task', ALL_DAYS);
      expect(tasks.map(({ key, turns }) => [key, turns])).toEqual([
        ['T-1', 2],
        ['T-2', 2],
      ]);
      expect(await yard.other.costs('day', ALL_DAYS)).toMatchObject([{ key: '1970-01-01', turns: 4, timeMs: 4_500 }]);
      expect((await yard.other.costs('model', ALL_DAYS)).map(({ turns }) => turns)).toEqual([4]);
      expect(await yard.other.costs('day', { from: 1, to: 2 })).toEqual([]);
    });
  });

  describe('pools', () => {
    test('a quota holds the pool until its reset, over a restart, and no turn of it starts', async () => {
      const yard = await TestYard.make(make);
      const running = await yard.running('T-1');
      const id = await reserve(yard.store, running, { pool: 'claude' });
      const resetMs = yard.nowMs + 3_600_000;
      const quota = { poolEnd: 'failed', failure: failure('quota', resetMs) } as const;
      await yard.store.settleTurn(running.fence, id, settlement(quota));
      expect(await yard.lastEvent()).toMatchObject({ type: 'pool.paused', data: { pool: 'claude', untilMs: resetMs } });
      const later = await yard.open();
      expect((await later.spending()).pools).toMatchObject([{ name: 'claude', state: { untilMs: resetMs } }]);
      const wanted = wantedTurn('T-1', 1, { turn: 2, pool: 'claude' });
      const refused = { kind: 'refused', refusal: { of: 'pool', pool: 'claude', refusal: { why: 'paused' } } };
      expect(await later.reserveTurn(running.fence, wanted)).toMatchObject(refused);
      expect(await later.reserveTurn(running.fence, { ...wanted, pool: 'codex' })).toMatchObject({ kind: 'reserved' });
      yard.pass(3_600_001);
      expect(await later.reserveTurn(running.fence, wanted)).toMatchObject({ kind: 'reserved' });
    });

    test('a person is asked once, and the pool stands until they have cleared it', async () => {
      const yard = await TestYard.make(make);
      const first = await yard.running('T-1');
      const second = await yard.running('T-2');
      const ids = [
        await reserve(yard.store, first, { pool: 'claude' }),
        await reserve(yard.store, second, { pool: 'claude' }),
      ];
      const seq = await yard.lastSeq();
      const refused = settlement({ poolEnd: 'failed', failure: failure('authentication') });
      await yard.store.settleTurn(first.fence, ids[0] ?? 0, refused);
      await yard.store.settleTurn(second.fence, ids[1] ?? 0, refused);
      expect(await yard.eventTypes(seq)).toEqual(['turn.settled', 'pool.person-needed', 'turn.settled']);
      const wanted = wantedTurn('T-1', 1, { pool: 'claude' });
      expect(await yard.store.reserveTurn(first.fence, wanted)).toMatchObject({
        refusal: { refusal: { why: 'person' } },
      });
      expect(await yard.store.clearPool('claude')).toBe(true);
      expect(await yard.lastEvent()).toMatchObject({ type: 'pool.cleared', data: { pool: 'claude', held: false } });
      expect(await yard.store.clearPool('claude')).toBe(false);
      expect(await yard.store.reserveTurn(first.fence, wanted)).toMatchObject({ kind: 'reserved' });
    });

    test('a provider that refuses costs a task nothing but the attempt that met it', async () => {
      const yard = await TestYard.make(make);
      const running = await yard.running('T-1');
      const { counters } = (await yard.store.task('T-1')) ?? {};
      const outcome = {
        kind: 'provider',
        why: 'quota',
        retryAtMs: null,
        pool: 'claude',
        failure: failure('quota'),
      } as const;
      await yard.store.finish(running.fence, 'T-1', 1, outcome);
      expect(await yard.store.task('T-1')).toMatchObject({ counters, state: { status: 'ready', notBeforeMs: null } });
      expect((await yard.store.control()).failuresInARow).toBe(0);
    });

    test('a person holds a pool apart from what failures do to it', async () => {
      const yard = await TestYard.make(make);
      await yard.store.holdPool('claude', 'ada', 'a look around');
      expect(await yard.store.clearPool('claude')).toBe(false);
      expect((await yard.other.spending()).pools).toMatchObject([
        { name: 'claude', state: { paused: { by: 'ada', why: 'a look around', atMs: yard.nowMs }, untilMs: null } },
      ]);
      // What runs goes on.
      const running = await yard.running('T-1');
      await reserve(yard.store, running, { pool: 'claude' });
      expect(await yard.store.resumePool('claude')).toBe(true);
      expect(await yard.store.resumePool('claude')).toBe(false);
      expect(await yard.lastEvent()).toMatchObject({ type: 'pool.resumed', data: { pool: 'claude' } });
    });

    test('a clock that was set back finds what its day has spent', async () => {
      const yard = await TestYard.make(make);
      const running = await yard.running('T-1');
      await yard.store.holdPool('claude', 'me', 'to be known');
      await reserve(yard.store, running, { pool: 'claude' });
      yard.pass(2 * 86_400_000);
      await reserve(yard.store, running, { turn: 2, pool: 'claude' });
      const { spends: seen } = await yard.other.spending();
      const today = seen.filter(({ period, scope }) => period === 0 && scope !== 'run');
      expect(today.map(({ scope, turns }) => [scope, turns])).toEqual([
        ['day', 1],
        ['pool:claude', 1],
      ]);
    });

    test('who works in which pool is a part of what a cycle decides from', async () => {
      const yard = await TestYard.make(make);
      await yard.add('T-1', 'T-2');
      const options = { agent: 'claude:opus', pool: 'claude', bootId: 'boot-1', expiresMonotonicMs: 60_000 };
      await yard.store.dispatch(yard.scheduler, 'T-1', options);
      await yard.dispatch('T-2');
      const { spending } = await yard.other.view();
      expect(spending).toMatchObject({
        pools: [{ name: 'claude', state: { startedMs: yard.nowMs } }],
        working: [
          { taskId: 'T-1', agent: 'claude:opus', pool: 'claude' },
          { taskId: 'T-2', agent: 'mock', pool: null },
        ],
      });
    });
  });
}
