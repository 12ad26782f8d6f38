import type { Spend, SpendKey } from '../core/budget.ts';
import { NOTHING_SPENT, PERIODS_SEEN } from '../core/budget.ts';
import { dayStartMs } from '../core/day.ts';
import type { PoolTable, SpendTable, TurnTable } from './schema.ts';
import type { CostGroup, CostKey, SpendingView, TurnRecord } from './spending.ts';
import { toKeyedSpend, toPool, toSpend, toTurn } from './spending-rows.ts';

// What is read of turns, spending and pools.

/** Carries out a statement; the rows have the columns that it names. */
type All = <Row>(sql: string, ...parameters: (string | number)[]) => Row[];

/** Within one transaction. A few rows by their keys, however much was ever spent. */
export function spending(all: All): SpendingView {
  const pools = all<PoolTable>('select name, state from pools order by name').map(toPool);
  const scopes = ['day', 'run', ...pools.map(({ name }) => `pool:${name}`)];
  const newest = 'select * from spends where scope = ? order by period desc limit ?';
  const working = `select a.task_id as taskId, a.agent, a.pool from tasks t
    join attempts a on a.task_id = t.id and a.attempt = t.attempts where t.status = 'running' order by a.task_id`;
  return {
    pools,
    spends: scopes.flatMap((scope) => all<SpendTable>(newest, scope, PERIODS_SEEN).map(toKeyedSpend)),
    working: all<SpendingView['working'][number]>(working).map((row) => ({ ...row })),
  };
}

export function turns(all: All, taskId: string): TurnRecord[] {
  type Row = Omit<TurnTable, 'id'> & { readonly id: number };
  return all<Row>('select * from turns where task_id = ? order by id', taskId).map(toTurn);
}

export function spend(all: All, { scope, period }: SpendKey): Spend {
  const [row] = all<SpendTable>('select * from spends where scope = ? and period = ?', scope, period);
  return row === undefined ? NOTHING_SPENT : toSpend(row);
}

const KEY_COLUMN: { readonly [K in CostKey]: string } = {
  task: 'task_id',
  agent: 'agent',
  model: "coalesce(model, '')",
  day: 'day',
};

export function costs(all: All, by: CostKey, days: { readonly from: number; readonly to: number }): CostGroup[] {
  const of = (source: string): string =>
    `total(case source when '${source}' then json_extract(used, '$.usdMicros') end)`;
  const sql = `select ${KEY_COLUMN[by]} as key, count(*) as turns, sum(ended_ms is null) as running,
      sum(ended_ms is not null and input_tokens is null) as unknownUsage,
      total(input_tokens) as inputTokens, total(cached_tokens) as cachedTokens,
      total(cache_write_tokens) as cacheWriteTokens, total(output_tokens) as outputTokens,
      total(json_extract(used, '$.timeMs')) as timeMs,
      ${of('reported')} as reportedMicros, ${of('table')} as tableMicros, ${of('estimate')} as estimatedMicros
    from turns where day between ? and ? group by 1 order by min(id)`;
  type Row = Omit<CostGroup, 'key'> & { readonly key: string | number };
  return all<Row>(sql, days.from, days.to).map(({ key, ...row }) => ({
    key: typeof key === 'number' ? dayName(key) : key,
    ...row,
  }));
}

/** `2026-11-21`. */
export function dayName(day: number): string {
  return new Date(dayStartMs(day)).toISOString().slice(0, 10);
}
