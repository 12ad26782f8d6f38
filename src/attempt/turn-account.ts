import type { TurnEnd } from '../agents/agent.ts';
import { choiceOf } from '../config/agent-choice.ts';
import { limitsOfPool } from '../config/pool-limits.ts';
import type { Config } from '../config/schema.ts';
import type { AgentChoice } from '../core/agent-pools.ts';
import type { AttemptOutcome } from '../core/attempt.ts';
import { NO_BUDGET } from '../core/budget.ts';
import type { Budget, Budgets } from '../core/budget.ts';
import { impossible } from '../core/impossible.ts';
import type { PoolTurn } from '../core/pool.ts';
import { costOf } from '../core/price.ts';
import type { PriceTable } from '../core/price.ts';
import { PRICES } from '../core/prices.ts';
import { describeTurnRefusal } from '../core/turn.ts';
import type { TurnRefusal } from '../core/turn.ts';
import { checkedUsage } from '../core/usage.ts';
import type { Usage } from '../core/usage.ts';
import { agentSettings } from './agent-cell.ts';
import type { AttemptContext } from './attempt-context.ts';
import type { Reached } from './follow-turn.ts';

/** What a turn came to. */
export interface TurnUsed {
  readonly end: TurnEnd;
  /** Null: the program has not said. */
  readonly usage: Usage | null;
  /** As the program named it; null: it did not. */
  readonly model: string | null;
  readonly reached: Reached;
}

/** A turn that may be taken. */
export interface OpenTurn {
  readonly kind: 'open';
  /** What is left for it, for programs that can be held to it; null: no limit. */
  readonly maxCostUsd: number | null;
  readonly maxMs: number | null;
  /** To be called once it has ended, and again where it failed. @throws what the store throws, `stale-token` included. */
  settle(used: TurnUsed): Promise<void>;
}

/** Counts the turns of an attempt against its pool and its budgets. */
export interface TurnAccount {
  /** The pool that the attempt's turns are taken from; null: none. */
  readonly pool: string | null;
  /**
   * Before a turn. Where nothing is left for it, how the attempt ends.
   * @param turn counts from 1 in the attempt.
   */
  reserve(turn: number): Promise<OpenTurn | AttemptOutcome>;
}

export type AccountContext = Pick<
  AttemptContext,
  'store' | 'clock' | 'pin' | 'agentSpec' | 'taskId' | 'attempt' | 'fence'
>;

/** @param random from 0 up to 1: spreads the waits of pools. */
export function openAccount(context: AccountContext, role: string, random: () => number = Math.random): TurnAccount {
  const { pin, agentSpec } = context;
  const choice = choiceOf(agentSpec, pin.config);
  return { pool: choice.pool, reserve: (turn) => reserve(context, choice, { role, turn, random }) };
}

async function reserve(
  context: AccountContext,
  { spec: agent, pool, model }: AgentChoice,
  { role, turn, random }: { readonly role: string; readonly turn: number; readonly random: () => number },
): Promise<OpenTurn | AttemptOutcome> {
  const { store, clock, pin, taskId, attempt, fence } = context;
  const { budgets } = pin.config;
  const limits = pool === null ? null : limitsOfPool(pool, pin.config);
  const held = budgetsOf(budgets, limits?.budget ?? null);
  const dailyTurns = limits?.dailyTurns ?? null;
  const wanted = { taskId, attempt, turn, agent, model, role, pool, reserve: budgets.estimate };
  const made = await store.reserveTurn(fence, { ...wanted, budgets: held, dailyTurns });
  if (made.kind === 'refused') return outcomeOf(made.refusal);
  const { turnId, left } = made;
  const startedMs = clock.monotonicMs();
  let endedMs: number | null = null;
  return {
    kind: 'open',
    maxCostUsd: left.usdMicros === null ? null : left.usdMicros / 1e6,
    maxMs: left.timeMs,
    settle: async ({ end, usage: said, model: named, reached }) => {
      // Whoever has to try it again was not at work meanwhile.
      endedMs ??= clock.monotonicMs();
      const told = said === null ? null : checkedUsage(said);
      const usage = isFree(context, { end, told, reached }) ? UNSERVED : told;
      const table: PriceTable = { ...PRICES, ...pin.config.prices };
      const cost = costOf(usage, named ?? model, table, budgets.estimate.usdMicros);
      await store.settleTurn(fence, turnId, {
        usage,
        ...cost,
        model: named,
        end: end.kind,
        poolEnd: poolEndOf(end, said !== null || isBlind(context)),
        failure: end.kind === 'provider' ? end.failure : null,
        why: 'why' in end ? end.why : null,
        timeMs: Math.max(0, Math.round(endedMs - startedMs)),
        jitter: random(),
      });
    },
  };
}

function budgetsOf({ attempt, task, run, day }: Config['budgets'], pool: Budget | null): Budgets {
  return { attempt, task, run, day, pool: pool ?? NO_BUDGET };
}

const UNSERVED: Usage = { inputTokens: 0, cachedTokens: 0, cacheWriteTokens: 0, outputTokens: 0, costUsd: 0 };

/** Programs count nothing where they were refused, and say no price for it. */
function isNothing({ costUsd, ...counts }: Usage): boolean {
  return costUsd === null && Object.values(counts).every((count) => count === 0);
}

/** What is told of a turn is believed; of what is not, only a turn that surely was not served is free. */
function isFree(
  context: AccountContext,
  { end, told, reached }: Pick<TurnUsed, 'end' | 'reached'> & { readonly told: Usage | null },
): boolean {
  if (told !== null) return isNothing(told) && isUnserved(context, end);
  return reached === 'nothing' || isRecipe(context) || (reached === 'start' && isUnserved(context, end));
}

/** A provider that refused asks for nothing; recipes ask no provider. */
function isUnserved(context: AccountContext, { kind }: TurnEnd): boolean {
  return kind === 'provider' || kind === 'session-refused' || isRecipe(context);
}

function isRecipe(context: AccountContext): boolean {
  return agentSettings(context)?.kind === 'replay';
}

/** It says nothing of what it uses, so that nothing follows from its silence. */
function isBlind(context: AccountContext): boolean {
  const kind = agentSettings(context)?.kind;
  return kind === 'command' || kind === 'replay';
}

/** @param wasServed whether there is no sign that the program failed before its provider was asked. */
function poolEndOf(end: TurnEnd, wasServed: boolean): PoolTurn['end'] {
  switch (end.kind) {
    case 'finished':
    case 'question':
    case 'unfinished':
      return 'served';
    case 'no-packet':
      return wasServed ? 'served' : 'failed';
    case 'provider':
    case 'infrastructure':
      return 'failed';
    case 'session-refused':
    case 'cancelled':
      return 'cut';
    default:
      throw impossible(end satisfies never);
  }
}

/** What only this task has spent parks it, and who tells of that says how it is put back; what it shares with others holds it until there is room again. */
function outcomeOf(refusal: TurnRefusal): AttemptOutcome {
  const why = describeTurnRefusal(refusal);
  switch (refusal.of) {
    case 'pool':
      return { kind: 'provider', why, retryAtMs: null, pool: refusal.pool };
    case 'run':
    case 'day':
      return { kind: 'budget', of: refusal.of, why };
    case 'attempt':
    case 'task': {
      const key = `budgets.${refusal.of}.${KEYS[refusal.measure]}`;
      return {
        kind: 'policy',
        why: `${why}; raise ${key} in .yard/config.yaml`,
        paths: [],
      };
    }
    default:
      throw impossible(refusal satisfies never);
  }
}

const KEYS = { usdMicros: 'usd', tokens: 'tokens', cachedTokens: 'cachedTokens', timeMs: 'time' } as const;
