import { isAllUsed, spentLimit, spentSentence } from './budget.ts';
import type { Budget, Spend, SpentLimit } from './budget.ts';
import { nextDayOf } from './day.ts';
import type { NextDay } from './day.ts';
import { waitText } from './duration-text.ts';

/** A budget that all tasks share. */
export interface SharedBudget {
  readonly of: 'day' | 'run';
  readonly budget: Budget;
  readonly spend: Spend;
}

export type SharedRefusal = SpentLimit & (({ readonly of: 'day' } & NextDay) | { readonly of: 'run' });

/** What of the budgets that all share is spent. */
export function sharedRefusals(budgets: readonly SharedBudget[], nowMs: number): SharedRefusal[] {
  return budgets.flatMap(({ of, budget, spend }): SharedRefusal[] => {
    const spent = spentLimit(budget, spend);
    if (spent === null) return [];
    return of === 'run' ? [{ of, ...spent }] : [{ of, ...spent, ...nextDayOf(nowMs) }];
  });
}

/** One sentence. */
export function describeSharedRefusal(refusal: SharedRefusal): string {
  const text = `the budget of the ${refusal.of} ${spentSentence(refusal)} (budgets.${refusal.of})`;
  if (refusal.of === 'run' || !isAllUsed(refusal)) return text;
  return `${text}; nothing starts until the next day (in ${waitText(refusal.remainingMs)})`;
}
