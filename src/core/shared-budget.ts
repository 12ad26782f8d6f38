import { spentLimit } from './budget.ts';
import type { Budget, Spend, SpentLimit } from './budget.ts';

/** A budget that all tasks share. */
export interface SharedBudget {
  readonly of: 'day' | 'run';
  readonly budget: Budget;
  readonly spend: Spend;
}

export type SharedRefusal = { readonly of: SharedBudget['of'] } & SpentLimit;

/** What of the budgets that all share is spent. */
export function sharedRefusals(budgets: readonly SharedBudget[]): SharedRefusal[] {
  return budgets.flatMap(({ of, budget, spend }) => {
    const spent = spentLimit(budget, spend);
    return spent === null ? [] : [{ of, ...spent }];
  });
}
