import { keysOf, NOTHING_SPENT, withReserved, withSettled } from '../core/budget.ts';
import { dayOf } from '../core/day.ts';
import type { Amount, BudgetScope, Spend, SpendKey, TurnScopes } from '../core/budget.ts';
import { taskResource } from '../core/lease.ts';
import type { Fence } from '../core/lease.ts';
import { cleared, NEW_POOL, poolAfter } from '../core/pool.ts';
import type { PoolState } from '../core/pool.ts';
import type { CostSource } from '../core/price.ts';
import { leftForTurn, refuseTurn, usedAmount } from '../core/turn.ts';
import type { TurnWanted } from '../core/turn.ts';
import type { Usage } from '../core/usage.ts';
import { requireFence } from './lease-writes.ts';
import type { Reservation, Settlement, TurnRecord } from './spending.ts';
import { fromSpend, toSpend, toTurn } from './spending-rows.ts';
import { StaleTokenError } from './store.ts';
import { appendEvent } from './write.ts';
import type { Write } from './write.ts';

// Invariants:
// 1. A row of `turns` and the sums in `spends` that it counts in change in one transaction: the sums are those of the rows.
// 2. A turn is settled once. No attempt that has ended has an open turn.

/** See `Spending.reserveTurn`. */
export async function reserveTurn(write: Write, fence: Fence, wanted: TurnWanted): Promise<Reservation> {
  const { taskId, attempt, pool } = wanted;
  await requireFence(write, fence, taskResource(taskId));
  const row = await write.db
    .selectFrom('attempts')
    .select('run')
    .where('task_id', '=', taskId)
    .where('attempt', '=', attempt)
    .where('token', '=', fence.token)
    .executeTakeFirst();
  if (row === undefined) throw new StaleTokenError(fence);
  const scopes: TurnScopes = { taskId, attempt, pool, run: row.run ?? 0, day: dayOf(write.nowMs) };
  const spends = await readSpends(write, scopes);
  const spendOf = (scope: BudgetScope): Spend => spends.get(scope) ?? NOTHING_SPENT;
  const poolState = pool === null ? null : await readPool(write, pool);
  const refusal = refuseTurn(wanted, { spendOf, poolState, nowMs: write.nowMs });
  if (refusal !== null) {
    await appendEvent(write, 'turn.refused', { turn: wanted.turn, agent: wanted.agent, refusal }, { taskId, attempt });
    return { kind: 'refused', refusal };
  }
  const turnId = await insertTurn(write, wanted, scopes);
  for (const [scope, key] of keysOf(scopes)) {
    await writeSpend(write, key, withReserved(spendOf(scope), wanted.reserve));
  }
  const { turn, agent, role, reserve } = wanted;
  await appendEvent(write, 'turn.reserved', { id: turnId, turn, agent, role, pool, reserve }, { taskId, attempt });
  return { kind: 'reserved', turnId, left: leftForTurn(wanted, scopes, spendOf) };
}

/** See `Spending.settleTurn`. */
export async function settleTurn(write: Write, fence: Fence, turnId: number, settlement: Settlement): Promise<void> {
  const row = await write.db.selectFrom('turns').selectAll().where('id', '=', turnId).executeTakeFirst();
  if (row === undefined) throw new Error(`there is no turn ${turnId}`);
  const turn = toTurn(row);
  await requireFence(write, fence, taskResource(turn.taskId));
  if (turn.settled !== null) return;
  const { usage, usdMicros, timeMs } = settlement;
  const used = usedAmount(usage, usdMicros, timeMs, turn.reserved);
  await settle(write, turn, { ...settlement, used });
  if (turn.pool === null) return;
  const { poolEnd, failure, why: said, jitter } = settlement;
  const before = await readPool(write, turn.pool);
  const poolTurn = { model: turn.model, startedMs: turn.startedMs, end: poolEnd, failure, why: said };
  const { state, news } = poolAfter(before, poolTurn, write.nowMs, jitter);
  if (state !== before) await writePool(write, turn.pool, state);
  const about = { taskId: turn.taskId, attempt: turn.attempt };
  if (news === null) return;
  if (news === 'paused') {
    const { untilMs, why } = state;
    await appendEvent(write, 'pool.paused', { pool: turn.pool, untilMs, why }, about);
  } else {
    await appendEvent(write, 'pool.person-needed', { pool: turn.pool, ...news }, about);
  }
}

/** What an attempt leaves open when it ends used what was reserved for it, as far as anybody knows. */
export async function settleOpenTurns(write: Write, taskId: string, attempt: number): Promise<void> {
  const open = await write.db
    .selectFrom('turns')
    .selectAll()
    .where('task_id', '=', taskId)
    .where('attempt', '=', attempt)
    .where('ended_ms', 'is', null)
    .orderBy('id')
    .execute();
  for (const turn of open.map(toTurn)) {
    const timeMs = Math.max(0, write.nowMs - turn.startedMs);
    const used = usedAmount(null, turn.reserved.usdMicros, timeMs, turn.reserved);
    await settle(write, turn, { used, usage: null, source: 'estimate', end: 'lost', model: null });
  }
}

/** A new attempt has been given to the pool. */
export async function startInPool(write: Write, pool: string): Promise<void> {
  await writePool(write, pool, { ...(await readPool(write, pool)), startedMs: write.nowMs });
}

export async function holdPool(write: Write, name: string, by: string, why: string): Promise<void> {
  const state = await readPool(write, name);
  await writePool(write, name, { ...state, paused: { by, why, atMs: write.nowMs } });
  await appendEvent(write, 'pool.held', { pool: name, by, why });
}

export async function resumePool(write: Write, name: string): Promise<boolean> {
  const state = await readPool(write, name);
  if (state.paused === null) return false;
  await writePool(write, name, { ...state, paused: null });
  await appendEvent(write, 'pool.resumed', { pool: name });
  return true;
}

export async function clearPool(write: Write, name: string): Promise<boolean> {
  const state = await readPool(write, name);
  const after = cleared(state);
  if (JSON.stringify(after) === JSON.stringify(state)) return false;
  await writePool(write, name, after);
  await appendEvent(write, 'pool.cleared', { pool: name, held: after.paused !== null });
  return true;
}

interface Settled {
  readonly used: Amount;
  readonly usage: Usage | null;
  readonly source: CostSource;
  readonly end: string;
  readonly model: string | null;
}

async function settle(write: Write, turn: TurnRecord, settled: Settled): Promise<void> {
  const { used, usage, source, end, model } = settled;
  await write.db
    .updateTable('turns')
    .set({
      ended_ms: write.nowMs,
      ended: end,
      used: JSON.stringify(used),
      source,
      input_tokens: usage?.inputTokens ?? null,
      cached_tokens: usage?.cachedTokens ?? null,
      cache_write_tokens: usage?.cacheWriteTokens ?? null,
      output_tokens: usage?.outputTokens ?? null,
      ...(model === null ? {} : { model }),
    })
    .where('id', '=', turn.id)
    .execute();
  const spends = await readSpends(write, turn);
  for (const [scope, key] of keysOf(turn)) {
    const spend = spends.get(scope) ?? NOTHING_SPENT;
    await writeSpend(write, key, withSettled(spend, turn.reserved, used, source === 'estimate'));
  }
  const { id, taskId, attempt, pool, agent } = turn;
  const data = { id, turn: turn.turn, agent, pool, end, source, used };
  await appendEvent(write, 'turn.settled', data, { taskId, attempt });
}

async function insertTurn(write: Write, wanted: TurnWanted, { run, day }: TurnScopes): Promise<number> {
  const { insertId } = await write.db
    .insertInto('turns')
    .values({
      task_id: wanted.taskId,
      attempt: wanted.attempt,
      turn: wanted.turn,
      agent: wanted.agent,
      model: wanted.model,
      role: wanted.role,
      pool: wanted.pool,
      run,
      day,
      reserved: JSON.stringify(wanted.reserve),
      started_ms: write.nowMs,
      ended_ms: null,
      ended: null,
      used: null,
      source: null,
      input_tokens: null,
      cached_tokens: null,
      cache_write_tokens: null,
      output_tokens: null,
    })
    .executeTakeFirstOrThrow();
  return Number(insertId);
}

async function readSpends(write: Write, scopes: TurnScopes): Promise<Map<BudgetScope, Spend>> {
  const spends = new Map<BudgetScope, Spend>();
  for (const [of, { scope, period }] of keysOf(scopes)) {
    const row = await write.db
      .selectFrom('spends')
      .selectAll()
      .where('scope', '=', scope)
      .where('period', '=', period)
      .executeTakeFirst();
    if (row !== undefined) spends.set(of, toSpend(row));
  }
  return spends;
}

async function writeSpend(write: Write, { scope, period }: SpendKey, spend: Spend): Promise<void> {
  const columns = fromSpend(spend);
  await write.db
    .insertInto('spends')
    .values({ scope, period, ...columns })
    .onConflict((conflict) => conflict.columns(['scope', 'period']).doUpdateSet(columns))
    .execute();
}

async function readPool(write: Write, name: string): Promise<PoolState> {
  const row = await write.db.selectFrom('pools').select('state').where('name', '=', name).executeTakeFirst();
  return row === undefined ? NEW_POOL : (JSON.parse(row.state) as PoolState);
}

async function writePool(write: Write, name: string, state: PoolState): Promise<void> {
  const columns = { state: JSON.stringify(state) };
  await write.db
    .insertInto('pools')
    .values({ name, ...columns })
    .onConflict((conflict) => conflict.column('name').doUpdateSet(columns))
    .execute();
}
