import type { Amount, Spend, SpendKey } from '../core/budget.ts';
import type { PoolState } from '../core/pool.ts';
import type { CostSource } from '../core/price.ts';
import type { PoolTable, SpendTable, TurnTable } from './schema.ts';
import type { TurnRecord } from './spending.ts';

// From what SQLite holds of turns and spending to what the program speaks of, and back.

export function toSpend(row: Omit<SpendTable, 'scope' | 'period'>): Spend {
  return {
    turns: row.turns,
    reserved: {
      usdMicros: row.reserved_usd,
      tokens: row.reserved_tokens,
      cachedTokens: row.reserved_cached,
      timeMs: row.reserved_ms,
    },
    settled: { usdMicros: row.usd, tokens: row.tokens, cachedTokens: row.cached, timeMs: row.ms },
    estimatedMicros: row.estimated_usd,
  };
}

export function fromSpend({ turns, reserved, settled, estimatedMicros }: Spend): Omit<SpendTable, 'scope' | 'period'> {
  return {
    turns,
    reserved_usd: reserved.usdMicros,
    reserved_tokens: reserved.tokens,
    reserved_cached: reserved.cachedTokens,
    reserved_ms: reserved.timeMs,
    usd: settled.usdMicros,
    tokens: settled.tokens,
    cached: settled.cachedTokens,
    ms: settled.timeMs,
    estimated_usd: estimatedMicros,
  };
}

export function toKeyedSpend(row: SpendTable): SpendKey & Spend {
  return { scope: row.scope, period: row.period, ...toSpend(row) };
}

export function toPool({ name, state }: Pick<PoolTable, 'name' | 'state'>): { name: string; state: PoolState } {
  return { name, state: JSON.parse(state) as PoolState };
}

export function toTurn(row: Omit<TurnTable, 'id'> & { readonly id: number }): TurnRecord {
  return {
    id: row.id,
    taskId: row.task_id,
    attempt: row.attempt,
    turn: row.turn,
    agent: row.agent,
    model: row.model,
    role: row.role,
    pool: row.pool,
    run: row.run,
    day: row.day,
    reserved: JSON.parse(row.reserved) as Amount,
    startedMs: row.started_ms,
    settled: toSettled(row),
  };
}

function toSettled(row: Omit<TurnTable, 'id'>): TurnRecord['settled'] {
  const { ended_ms: endedMs, ended, used, source, input_tokens: inputTokens } = row;
  if (endedMs === null || ended === null || used === null || source === null) return null;
  const usage =
    inputTokens === null
      ? null
      : {
          inputTokens,
          cachedTokens: row.cached_tokens ?? 0,
          cacheWriteTokens: row.cache_write_tokens ?? 0,
          outputTokens: row.output_tokens ?? 0,
        };
  return { endedMs, end: ended, usage, used: JSON.parse(used) as Amount, source: source as CostSource };
}
