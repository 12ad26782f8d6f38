import { NO_SUMS } from '../../src/core/cost-report.ts';
import { keysOf, NOTHING_SPENT, PERIODS_SEEN, withReserved, withSettled } from '../../src/core/budget.ts';
import { dayOf } from '../../src/core/day.ts';
import type { BudgetScope, Spend, SpendKey, TurnScopes } from '../../src/core/budget.ts';
import { taskResource } from '../../src/core/lease.ts';
import type { Fence } from '../../src/core/lease.ts';
import { cleared, NEW_POOL, poolAfter } from '../../src/core/pool.ts';
import type { PoolState } from '../../src/core/pool.ts';
import { leftForTurn, refuseTurn, usedAmount } from '../../src/core/turn.ts';
import type { TurnWanted } from '../../src/core/turn.ts';
import type {
  CostGroup,
  CostKey,
  Reservation,
  Settlement,
  SpendingView,
  TurnRecord,
} from '../../src/store/spending.ts';
import { StaleTokenError } from '../../src/store/store.ts';
import { requireFence } from './memory-leases.ts';
import type { MemoryTables } from './memory-tables.ts';
import { appendEvent } from './memory-write.ts';
import type { Write } from './memory-write.ts';
import { dayName } from '../../src/store/spending-reader.ts';

export function reserveTurn(write: Write, fence: Fence, wanted: TurnWanted): Reservation {
  const { tables, nowMs } = write;
  const { taskId, attempt, pool, turn, agent, model, role, reserve } = wanted;
  requireFence(write, fence, taskResource(taskId));
  const record = tables.attempts.get(taskId)?.find((one) => one.attempt === attempt && one.token === fence.token);
  if (record === undefined) throw new StaleTokenError(fence);
  const scopes: TurnScopes = { taskId, attempt, pool, run: record.run ?? 0, day: dayOf(nowMs) };
  const keys = keysOf(scopes);
  // As it was before: what is read later must not see what is written here.
  const before = new Map([...keys].map(([of, key]) => [of, spendAt(tables, key)]));
  const spendOf = (of: BudgetScope): Spend => before.get(of) ?? NOTHING_SPENT;
  const poolState = pool === null ? null : poolAt(tables, pool);
  const refusal = refuseTurn(wanted, { spendOf, poolState, nowMs });
  if (refusal !== null) {
    appendEvent(write, 'turn.refused', { turn, agent, refusal }, { taskId, attempt });
    return { kind: 'refused', refusal };
  }
  const id = tables.turns.size + 1;
  const { run, day } = scopes;
  const started = { id, taskId, attempt, turn, agent, model, role, pool, run, day };
  tables.turns.set(id, { ...started, reserved: reserve, startedMs: nowMs, settled: null });
  for (const [of, key] of keys) tables.spends.set(nameOf(key), { ...key, ...withReserved(spendOf(of), reserve) });
  appendEvent(write, 'turn.reserved', { id, turn, agent, role, pool, reserve }, { taskId, attempt });
  return { kind: 'reserved', turnId: id, left: leftForTurn(wanted, scopes, spendOf) };
}

export function settleTurn(write: Write, fence: Fence, turnId: number, settlement: Settlement): void {
  const turn = write.tables.turns.get(turnId);
  if (turn === undefined) throw new Error(`there is no turn ${turnId}`);
  requireFence(write, fence, taskResource(turn.taskId));
  if (turn.settled !== null) return;
  const { usage, usdMicros, timeMs, poolEnd, failure, why: said, jitter } = settlement;
  settle(write, turn, { ...settlement, used: usedAmount(usage, usdMicros, timeMs, turn.reserved) });
  if (turn.pool === null) return;
  const before = poolAt(write.tables, turn.pool);
  const poolTurn = { model: turn.model, startedMs: turn.startedMs, end: poolEnd, failure, why: said };
  const { state, news } = poolAfter(before, poolTurn, write.nowMs, jitter);
  if (state !== before) write.tables.pools.set(turn.pool, state);
  const about = { taskId: turn.taskId, attempt: turn.attempt };
  if (news === null) return;
  if (news === 'paused') {
    const { untilMs, why } = state;
    appendEvent(write, 'pool.paused', { pool: turn.pool, untilMs, why }, about);
  } else {
    appendEvent(write, 'pool.person-needed', { pool: turn.pool, ...news }, about);
  }
}

export function settleOpenTurns(write: Write, taskId: string, attempt: number): void {
  for (const turn of turnsOf(write.tables, taskId)) {
    if (turn.attempt !== attempt || turn.settled !== null) continue;
    const timeMs = Math.max(0, write.nowMs - turn.startedMs);
    const used = usedAmount(null, turn.reserved.usdMicros, timeMs, turn.reserved);
    settle(write, turn, { used, usage: null, source: 'estimate', end: 'lost', model: null });
  }
}

export function startInPool({ tables, nowMs }: Write, pool: string): void {
  tables.pools.set(pool, { ...poolAt(tables, pool), startedMs: nowMs });
}

export function holdPool(write: Write, name: string, by: string, why: string): void {
  write.tables.pools.set(name, { ...poolAt(write.tables, name), paused: { by, why, atMs: write.nowMs } });
  appendEvent(write, 'pool.held', { pool: name, by, why });
}

export function resumePool(write: Write, name: string): boolean {
  const state = poolAt(write.tables, name);
  if (state.paused === null) return false;
  write.tables.pools.set(name, { ...state, paused: null });
  appendEvent(write, 'pool.resumed', { pool: name });
  return true;
}

export function clearPool(write: Write, name: string): boolean {
  const state = poolAt(write.tables, name);
  const after = cleared(state);
  if (JSON.stringify(after) === JSON.stringify(state)) return false;
  write.tables.pools.set(name, after);
  appendEvent(write, 'pool.cleared', { pool: name, held: after.paused !== null });
  return true;
}

export function spendAt(tables: MemoryTables, key: SpendKey): Spend {
  const row = tables.spends.get(nameOf(key));
  if (row === undefined) return NOTHING_SPENT;
  const { scope: _, period: __, ...spend } = row;
  return spend;
}

export function turnsOf(tables: MemoryTables, taskId: string): TurnRecord[] {
  return tables.turns.values().filter((turn) => turn.taskId === taskId);
}

export function spending(tables: MemoryTables): SpendingView {
  const names = tables.pools.keys().toSorted((a, b) => (a < b ? -1 : 1));
  const scopes = ['day', 'run', ...names.map((name) => `pool:${name}`)];
  const spends = tables.spends.values();
  const working = tables.tasks.values().flatMap(({ row }) => {
    if (row.state.status !== 'running') return [];
    const attempt = tables.attempts.get(row.id)?.find((one) => one.attempt === row.attempts);
    return attempt === undefined ? [] : [{ taskId: row.id, agent: attempt.agent, pool: attempt.pool }];
  });
  return {
    pools: names.map((name) => ({ name, state: poolAt(tables, name) })),
    spends: scopes.flatMap((scope) =>
      spends
        .filter((row) => row.scope === scope)
        .toSorted((a, b) => b.period - a.period)
        .slice(0, PERIODS_SEEN),
    ),
    working: working.toSorted((a, b) => (a.taskId < b.taskId ? -1 : 1)),
  };
}

export function costs(tables: MemoryTables, by: CostKey, days: { readonly from: number; readonly to: number }) {
  const groups = new Map<string, CostGroup>();
  for (const turn of tables.turns.values()) {
    if (turn.day < days.from || turn.day > days.to) continue;
    const keys = { task: turn.taskId, agent: turn.agent, model: turn.model ?? '', day: dayName(turn.day) };
    const key = keys[by];
    groups.set(key, withTurn(groups.get(key) ?? { key, ...NO_SUMS }, turn));
  }
  return [...groups.values()];
}

function withTurn(group: CostGroup, { settled }: TurnRecord): CostGroup {
  const counted = { ...group, turns: group.turns + 1 };
  if (settled === null) return { ...counted, running: group.running + 1 };
  const { usage, used, source } = settled;
  const of = (wanted: string): number => (source === wanted ? used.usdMicros : 0);
  return {
    ...counted,
    unknownUsage: group.unknownUsage + (usage === null ? 1 : 0),
    inputTokens: group.inputTokens + (usage?.inputTokens ?? 0),
    cachedTokens: group.cachedTokens + (usage?.cachedTokens ?? 0),
    cacheWriteTokens: group.cacheWriteTokens + (usage?.cacheWriteTokens ?? 0),
    outputTokens: group.outputTokens + (usage?.outputTokens ?? 0),
    timeMs: group.timeMs + used.timeMs,
    reportedMicros: group.reportedMicros + of('reported'),
    tableMicros: group.tableMicros + of('table'),
    estimatedMicros: group.estimatedMicros + of('estimate'),
  };
}

type Settled = NonNullable<TurnRecord['settled']>;

function settle(
  write: Write,
  turn: TurnRecord,
  settled: Pick<Settled, 'used' | 'usage' | 'source' | 'end'> & { readonly model: string | null },
): void {
  const { used, usage, source, end, model } = settled;
  const { tables, nowMs: endedMs } = write;
  const { id, taskId, attempt, pool, agent, reserved } = turn;
  const kept =
    usage === null
      ? null
      : {
          inputTokens: usage.inputTokens,
          cachedTokens: usage.cachedTokens,
          cacheWriteTokens: usage.cacheWriteTokens,
          outputTokens: usage.outputTokens,
        };
  tables.turns.set(id, { ...turn, model: model ?? turn.model, settled: { endedMs, end, usage: kept, used, source } });
  for (const key of keysOf(turn).values()) {
    const spend = withSettled(spendAt(tables, key), reserved, used, source === 'estimate');
    tables.spends.set(nameOf(key), { ...key, ...spend });
  }
  const data = { id, turn: turn.turn, agent, pool, end, source, used };
  appendEvent(write, 'turn.settled', data, { taskId, attempt });
}

function poolAt(tables: MemoryTables, name: string): PoolState {
  return tables.pools.get(name) ?? NEW_POOL;
}

function nameOf({ scope, period }: SpendKey): string {
  return `${scope} ${period}`;
}
