import { keysOf, leftOf, NO_BUDGET, spentLimit, spentSentence, tighter } from './budget.ts';
import type { Amount, Budget, BudgetScope, Budgets, Spend, SpentLimit, TurnScopes } from './budget.ts';
import { impossible } from './impossible.ts';
import { describeRefusal, holdOf, NO_POOL_LIMITS } from './pool.ts';
import type { PoolRefusal, PoolState } from './pool.ts';
import type { Usage } from './usage.ts';

// A turn: one invocation of an agent's program. What it may use is reserved before, what it used is settled after it.

/** A turn that is about to start, and what it is held to. */
export interface TurnWanted {
  readonly taskId: string;
  readonly attempt: number;
  /** Counts from 1 within its attempt. */
  readonly turn: number;
  /** Agent spec. */
  readonly agent: string;
  /** Null: the agent's own choice. */
  readonly model: string | null;
  readonly role: string;
  /** Null: it is in none. */
  readonly pool: string | null;
  /** What it is expected to use. */
  readonly reserve: Amount;
  readonly budgets: Budgets;
  /** Turns that its pool may have in a day; null: no limit. */
  readonly dailyTurns: number | null;
}

/** Why a turn may not start. */
export type TurnRefusal =
  | { readonly of: 'pool'; readonly pool: string; readonly refusal: PoolRefusal }
  | ({ readonly of: 'attempt' | 'task' | 'run' | 'day' } & SpentLimit);

/** What the shell has read of the scopes of a turn. */
export interface TurnGround {
  readonly spendOf: (scope: BudgetScope) => Spend;
  /** Null: it is in no pool. */
  readonly poolState: PoolState | null;
  readonly nowMs: number;
}

/** What must be mended for this task alone comes first; then what it waits for together with others. */
export function refuseTurn(wanted: TurnWanted, { spendOf, poolState, nowMs }: TurnGround): TurnRefusal | null {
  for (const scope of ['attempt', 'task'] as const) {
    const spent = spentLimit(wanted.budgets[scope], spendOf(scope));
    if (spent !== null) return { of: scope, ...spent };
  }
  if (wanted.pool !== null && poolState !== null) {
    const limits = { ...NO_POOL_LIMITS, dailyTurns: wanted.dailyTurns, budget: wanted.budgets.pool };
    const refusal = holdOf({ limits, state: poolState, today: spendOf('pool') }, nowMs, false, wanted.model);
    if (refusal !== null) return { of: 'pool', pool: wanted.pool, refusal };
  }
  for (const scope of ['run', 'day'] as const) {
    const spent = spentLimit(wanted.budgets[scope], spendOf(scope));
    if (spent !== null) return { of: scope, ...spent };
  }
  return null;
}

/** What is left for the turn by all that it is held to; null: no limit. */
export function leftForTurn(wanted: TurnWanted, scopes: TurnScopes, spendOf: (scope: BudgetScope) => Spend): Budget {
  let left = NO_BUDGET;
  for (const scope of keysOf(scopes).keys()) left = tighter(left, leftOf(wanted.budgets[scope], spendOf(scope)));
  return left;
}

/** What a turn used; of what is not known of it, what was reserved. */
export function usedAmount(usage: Usage | null, usdMicros: number, timeMs: number, reserved: Amount): Amount {
  if (usage === null) return { ...reserved, usdMicros, timeMs };
  const tokens = usage.inputTokens + usage.cacheWriteTokens + usage.outputTokens;
  return { usdMicros, tokens, cachedTokens: usage.cachedTokens, timeMs };
}

/** One sentence. */
export function describeTurnRefusal(refusal: TurnRefusal): string {
  switch (refusal.of) {
    case 'pool':
      return `the pool ${refusal.pool} ${describeRefusal(refusal.refusal, refusal.pool)}`;
    case 'attempt':
    case 'task':
    case 'run':
    case 'day':
      return `the budget of the ${refusal.of} ${spentSentence(refusal)}`;
    default:
      throw impossible(refusal satisfies never);
  }
}
