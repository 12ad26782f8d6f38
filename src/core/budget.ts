import { impossible } from './impossible.ts';

/*
 * How much may be spent, and what is left of it. Pure arithmetic over whole numbers, so that sums come out exactly.
 * Invariants:
 * 1. What a turn may use is reserved before it starts and settled after it, in each scope that it counts in; both times
 *    the same amount is reserved and given back.
 * 2. A turn starts only while something is left of every limit: what was settled and what is reserved are less than it.
 *    So a limit is overshot by one turn at most for each turn that runs; by one in all, where none uses more than was
 *    reserved for it.
 */

/** Whole numbers all. */
export interface Amount {
  /** Millionths of a US dollar. */
  readonly usdMicros: number;
  /** Input that no cache had, what was written to a cache, and output. */
  readonly tokens: number;
  /** Input that was read from a cache. */
  readonly cachedTokens: number;
  /** Wall clock. */
  readonly timeMs: number;
}

export const NOTHING: Amount = { usdMicros: 0, tokens: 0, cachedTokens: 0, timeMs: 0 };

export const MEASURES = ['usdMicros', 'tokens', 'cachedTokens', 'timeMs'] as const satisfies readonly (keyof Amount)[];
export type Measure = (typeof MEASURES)[number];

/** Null: no limit. */
export type Budget = { readonly [M in Measure]: number | null };

export const NO_BUDGET: Budget = { usdMicros: null, tokens: null, cachedTokens: null, timeMs: null };

/** What a scope has spent. */
export interface Spend {
  /** Turns that were started. */
  readonly turns: number;
  /** For turns that run. */
  readonly reserved: Amount;
  /** Of turns that have ended. */
  readonly settled: Amount;
  /** The part of `settled.usdMicros` that nobody has reported and no price is known for. */
  readonly estimatedMicros: number;
}

export const NOTHING_SPENT: Spend = { turns: 0, reserved: NOTHING, settled: NOTHING, estimatedMicros: 0 };

/** Where turns are added up. A period is a number that grows, or 0 where there is one alone. */
export interface SpendKey {
  /** `task:ID`, `attempt:ID`, `day`, `run`, `pool:NAME`. */
  readonly scope: string;
  /** Of an attempt its number; of a day and a pool's day the day; of a run its number. */
  readonly period: number;
}

export type BudgetScope = 'attempt' | 'task' | 'run' | 'day' | 'pool';

/** The limits that a turn is held to. */
export type Budgets = { readonly [S in BudgetScope]: Budget };

export const NO_BUDGETS: Budgets = {
  attempt: NO_BUDGET,
  task: NO_BUDGET,
  run: NO_BUDGET,
  day: NO_BUDGET,
  pool: NO_BUDGET,
};

/** A limit of which nothing is left. */
export interface SpentLimit {
  readonly measure: Measure;
  /** Settled. */
  readonly used: number;
  /** For turns that run. */
  readonly reserved: number;
  readonly limit: number;
  /** Of what is used, what nobody has said; of money alone. */
  readonly estimated: number;
}

/** What a turn counts in. */
export interface TurnScopes {
  readonly taskId: string;
  readonly attempt: number;
  readonly pool: string | null;
  /** Number of the run that dispatched the attempt. */
  readonly run: number;
  readonly day: number;
}

export function poolScope(pool: string): string {
  return `pool:${pool}`;
}

/** So many of its newest periods are looked at: a clock that was set back lives in an older one. */
export const PERIODS_SEEN = 8;

/** The keys of a turn, in the order in which their limits are asked. */
export function keysOf({ taskId, attempt, pool, run, day }: TurnScopes): ReadonlyMap<BudgetScope, SpendKey> {
  return new Map<BudgetScope, SpendKey>([
    ['attempt', { scope: `attempt:${taskId}`, period: attempt }],
    ['task', { scope: `task:${taskId}`, period: 0 }],
    ['run', { scope: 'run', period: run }],
    ['day', { scope: 'day', period: day }],
    ...(pool === null ? [] : ([['pool', { scope: poolScope(pool), period: day }]] as const)),
  ]);
}

export function add(a: Amount, b: Amount): Amount {
  return combined(a, b, 1);
}

function subtract(a: Amount, b: Amount): Amount {
  return combined(a, b, -1);
}

function combined(a: Amount, b: Amount, sign: 1 | -1): Amount {
  return {
    usdMicros: a.usdMicros + sign * b.usdMicros,
    tokens: a.tokens + sign * b.tokens,
    cachedTokens: a.cachedTokens + sign * b.cachedTokens,
    timeMs: a.timeMs + sign * b.timeMs,
  };
}

export function withReserved(spend: Spend, amount: Amount): Spend {
  return { ...spend, turns: spend.turns + 1, reserved: add(spend.reserved, amount) };
}

/** @param isEstimated nobody has said what it cost. */
export function withSettled(spend: Spend, reserved: Amount, used: Amount, isEstimated: boolean): Spend {
  return {
    turns: spend.turns,
    reserved: subtract(spend.reserved, reserved),
    settled: add(spend.settled, used),
    estimatedMicros: spend.estimatedMicros + (isEstimated ? used.usdMicros : 0),
  };
}

/** The first limit of which nothing is left; null: a turn may start. */
export function spentLimit(budget: Budget, { settled, reserved, estimatedMicros }: Spend): SpentLimit | null {
  for (const measure of MEASURES) {
    const limit = budget[measure];
    if (limit === null || settled[measure] + reserved[measure] < limit) continue;
    const estimated = measure === 'usdMicros' ? estimatedMicros : 0;
    return { measure, used: settled[measure], reserved: reserved[measure], limit, estimated };
  }
  return null;
}

/** What is left for one turn; null: no limit. */
export function leftOf(budget: Budget, { settled, reserved }: Spend): Budget {
  const left = (measure: Measure): number | null => {
    const limit = budget[measure];
    return limit === null ? null : Math.max(0, limit - settled[measure] - reserved[measure]);
  };
  return {
    usdMicros: left('usdMicros'),
    tokens: left('tokens'),
    cachedTokens: left('cachedTokens'),
    timeMs: left('timeMs'),
  };
}

/** The smaller of two, measure by measure. */
export function tighter(a: Budget, b: Budget): Budget {
  const least = (x: number | null, y: number | null): number | null =>
    x === null ? y : y === null ? x : Math.min(x, y);
  return {
    usdMicros: least(a.usdMicros, b.usdMicros),
    tokens: least(a.tokens, b.tokens),
    cachedTokens: least(a.cachedTokens, b.cachedTokens),
    timeMs: least(a.timeMs, b.timeMs),
  };
}

/** Turns that have ended have used all of it; else turns that run have the rest, and may give some of it back. */
export function isAllUsed({ used, limit }: SpentLimit): boolean {
  return used >= limit;
}

/** `$1.50 of $1.50 used`, and of what the rest is; what is estimated is named apart. */
export function describeSpent(spent: SpentLimit): string {
  const { measure, used, limit, estimated } = spent;
  const guessed = estimated === 0 ? '' : `, ${amountText(measure, estimated)} of it estimated (yard cost says why)`;
  const rest = isAllUsed(spent) ? '' : ', the rest is reserved by turns that run';
  return `${amountText(measure, used)} of ${amountText(measure, limit)} used${guessed}${rest}`;
}

/** `is spent: …`, and as long as turns that run may leave something: `is taken for now: …`. */
export function spentSentence(spent: SpentLimit): string {
  return `${isAllUsed(spent) ? 'is spent' : 'is taken for now'}: ${describeSpent(spent)}`;
}

function amountText(measure: Measure, value: number): string {
  switch (measure) {
    case 'usdMicros':
      return usdText(value);
    case 'tokens':
      return `${value} tokens`;
    case 'cachedTokens':
      return `${value} cached tokens`;
    case 'timeMs':
      return `${Math.round(value / 1000)} s`;
    default:
      throw impossible(measure satisfies never);
  }
}

const MICROS = 1_000_000;

/** `$1.50`; what is less than a cent with four digits. */
export function usdText(micros: number): string {
  return `$${(micros / MICROS).toFixed(micros !== 0 && Math.abs(micros) < MICROS / 100 ? 4 : 2)}`;
}

/** Never less than it is. */
export function microsOf(usd: number): number {
  return Math.ceil(Math.round(usd * MICROS * 1000) / 1000);
}
