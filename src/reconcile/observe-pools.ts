import { choiceOf } from '../config/agent-choice.ts';
import type { PinnedAgent } from '../config/agent-choice.ts';
import { limitsOfPool } from '../config/pool-limits.ts';
import type { Config } from '../config/schema.ts';
import type { AgentAtWork, AgentChoice } from '../core/agent-pools.ts';
import type { SharedBudget } from '../core/shared-budget.ts';
import { agentChain } from '../core/agent-spec.ts';
import { NO_BUDGET, NOTHING_SPENT, poolScope } from '../core/budget.ts';
import { dayOf } from '../core/day.ts';
import type { Spend, SpendKey } from '../core/budget.ts';
import type { Lease } from '../core/lease.ts';
import { NEW_POOL } from '../core/pool.ts';
import type { PoolView } from '../core/pool.ts';
import type { SpendingView } from '../store/spending.ts';

/** Who may work on tasks; the same list for all tasks that say the same. */
export class AgentChoices {
  readonly #config: Config;
  readonly #known = new Map<string, readonly AgentChoice[]>();

  constructor(config: Config) {
    this.#config = config;
  }

  /** @param text chain of agent specs; null: the default one. */
  of(text: string | null): readonly AgentChoice[] {
    const chain = text ?? this.#config.defaults.agent;
    const known = this.#known.get(chain);
    if (known !== undefined) return known;
    const choices = agentChain(chain).map((spec) => choiceOf(spec, this.#config));
    this.#known.set(chain, choices);
    return choices;
  }
}

/** Every pool that an agent is in, that the configuration names, or that anything is known of. */
export function poolViews(spending: SpendingView, config: Config, nowMs: number): PoolView[] {
  const given = Object.values(config.agents).map((agent: PinnedAgent) => agent.pool ?? null);
  const states = new Map(spending.pools.map(({ name, state }) => [name, state]));
  const names = new Set([
    ...Object.keys((config as Partial<Config>).pools ?? {}),
    ...given.filter((name) => name !== null),
    ...states.keys(),
  ]);
  return [...names].map((name) => ({
    name,
    limits: limitsOfPool(name, config),
    state: states.get(name) ?? NEW_POOL,
    today: spendOf(spending, { scope: poolScope(name), period: dayOf(nowMs) }),
  }));
}

export function atWork({ working }: SpendingView, config: Config): AgentAtWork[] {
  return working.map(({ agent, pool }) => ({ pool, model: choiceOf(agent, config).model }));
}

/** A run is the time of one scheduler; before it has begun, nothing of it is spent. */
export function sharedBudgets(
  spending: SpendingView,
  config: Config,
  leases: readonly Lease[],
  nowMs: number,
): SharedBudget[] {
  const { day = NO_BUDGET, run = NO_BUDGET } = (config as Partial<Config>).budgets ?? {};
  const scheduler = leases.find(({ resource }) => resource === 'scheduler');
  const ofRun = scheduler === undefined ? NOTHING_SPENT : spendOf(spending, { scope: 'run', period: scheduler.token });
  return [
    { of: 'run', budget: run, spend: ofRun },
    { of: 'day', budget: day, spend: spendOf(spending, { scope: 'day', period: dayOf(nowMs) }) },
  ];
}

function spendOf({ spends }: SpendingView, { scope, period }: SpendKey): Spend {
  return spends.find((spend) => spend.scope === scope && spend.period === period) ?? NOTHING_SPENT;
}
