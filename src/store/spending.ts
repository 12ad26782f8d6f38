import type { Amount, Budget, Spend, SpendKey } from '../core/budget.ts';
import type { CostSums } from '../core/cost-report.ts';
import type { Fence } from '../core/lease.ts';
import type { PoolState, PoolTurn } from '../core/pool.ts';
import type { CostSource } from '../core/price.ts';
import type { ProviderFailure } from '../core/provider-failure.ts';
import type { TurnRefusal, TurnWanted } from '../core/turn.ts';
import type { Usage } from '../core/usage.ts';

// What a store keeps of turns, of what they cost, and of the pools that they are taken from.

export type Reservation =
  | {
      readonly kind: 'reserved';
      readonly turnId: number;
      /** What was left before it, for programs that can be held to it. */
      readonly left: Budget;
    }
  | { readonly kind: 'refused'; readonly refusal: TurnRefusal };

/** What became of a turn. */
export interface Settlement {
  /** Null: not known. */
  readonly usage: Usage | null;
  readonly usdMicros: number;
  readonly source: CostSource;
  /** The model that it was, where that is known by now. */
  readonly model: string | null;
  /** Kind of its end. */
  readonly end: string;
  /** What it says of its pool. */
  readonly poolEnd: PoolTurn['end'];
  readonly failure: ProviderFailure | null;
  /** Why it failed, in the words of whoever told; without secrets. Null: it did not, or nobody said. */
  readonly why: string | null;
  readonly timeMs: number;
  /** See `poolAfter`. */
  readonly jitter: number;
}

export interface TurnRecord extends Pick<
  TurnWanted,
  'taskId' | 'attempt' | 'turn' | 'agent' | 'model' | 'role' | 'pool'
> {
  readonly id: number;
  /** Number of the run. */
  readonly run: number;
  readonly day: number;
  readonly reserved: Amount;
  readonly startedMs: number;
  /** Null: it runs. */
  readonly settled: null | {
    readonly endedMs: number;
    readonly end: string;
    readonly usage: Omit<Usage, 'costUsd'> | null;
    readonly used: Amount;
    readonly source: CostSource;
  };
}

export interface CostGroup extends CostSums {
  /** Id of a task, agent spec, model (empty: nobody has named it), or day (`2026-11-21`). */
  readonly key: string;
}

export const COST_KEYS = ['task', 'agent', 'model', 'day'] as const;
export type CostKey = (typeof COST_KEYS)[number];

/** What a cycle decides from, besides tasks. */
export interface SpendingView {
  readonly pools: readonly { readonly name: string; readonly state: PoolState }[];
  /** The newest periods of the day, of the run and of each pool, the newest first. */
  readonly spends: readonly (SpendKey & Spend)[];
  /** The agents that work now. */
  readonly working: readonly { readonly taskId: string; readonly agent: string; readonly pool: string | null }[];
}

export interface SpendingReader {
  spending(): Promise<SpendingView>;
  /** The turns of a task, the oldest first. */
  turns(taskId: string): Promise<TurnRecord[]>;
  /** All turns that were started in a range of days, both ends included; by key. */
  costs(by: CostKey, days: { readonly from: number; readonly to: number }): Promise<CostGroup[]>;
  /** Nothing spent where there is none. */
  spend(key: SpendKey): Promise<Spend>;
}

export interface Spending extends SpendingReader {
  /**
   * Before a turn of the attempt that the fence is of: counts it and reserves what it is expected to use, in all its
   * scopes, unless one of them has nothing left.
   */
  reserveTurn(fence: Fence, wanted: TurnWanted): Promise<Reservation>;
  /**
   * After it: what it used takes the place of what was reserved, and its pool learns of it. Does nothing for one that is
   * settled. Turns that are open when their attempt ends are settled with it, as if they had used what was reserved.
   */
  settleTurn(fence: Fence, turnId: number, settlement: Settlement): Promise<void>;
  /** By a person: no attempt starts in it until it is resumed. Says the new reason where it is held already. */
  holdPool(name: string, by: string, why: string): Promise<void>;
  /** Takes a person's pause away. False: there was none. */
  resumePool(name: string): Promise<boolean>;
  /** Takes away what failures have done to it. False: there was nothing. */
  clearPool(name: string): Promise<boolean>;
}
