import { agentsInUse } from '../../config/cell-policies.ts';
import type { Config } from '../../config/schema.ts';
import { AgentPools } from '../../core/agent-pools.ts';
import { add, usdText } from '../../core/budget.ts';
import { inertLine } from '../../core/inert.ts';
import { describeRefusal } from '../../core/pool.ts';
import type { PoolLimits, PoolRefusal, PoolView } from '../../core/pool.ts';
import { atWork, poolViews } from '../../reconcile/observe-pools.ts';
import type { SpendingView } from '../../store/spending.ts';

/** A pool as `yard pools` shows it. */
export interface PoolReport {
  readonly name: string;
  /** Agents that share it. */
  readonly agents: readonly string[];
  readonly running: number;
  readonly limits: PoolLimits;
  /** Why it takes nothing now; null: it does. */
  readonly refusal: PoolRefusal | null;
  readonly sentence: string | null;
  /** Models that its provider does not give it. */
  readonly refusedModels: readonly { readonly model: string; readonly why: string }[];
  /** Of this day, what is reserved for turns that run included. */
  readonly today: {
    readonly turns: number;
    /** Of turns that have ended. */
    readonly usd: number;
    /** For turns that run. */
    readonly usdReserved: number;
    readonly usdEstimated: number;
    readonly tokens: number;
    readonly cachedTokens: number;
    readonly timeMs: number;
  };
}

const SENTENCE_MAX = 600;

/** All pools that an agent is in, that are configured, or of which something is known. */
export function reportPools(spending: SpendingView, config: Config, nowMs: number): PoolReport[] {
  const views = poolViews(spending, config, nowMs);
  const working = atWork(spending, config);
  const pools = new AgentPools(views, working, nowMs);
  return views
    .filter((view) => isOfInterest(view, config))
    .map((view) => {
      const { name, limits, today, state } = view;
      const refusal = pools.refusal({ pool: name, model: null });
      const all = add(today.settled, today.reserved);
      return {
        name,
        agents: Object.entries(config.agents).flatMap(([agent, { pool }]) => (pool === name ? [agent] : [])),
        running: working.filter(({ pool }) => pool === name).length,
        limits,
        refusal,
        sentence: refusal === null ? null : inertLine(describeRefusal(refusal, name), SENTENCE_MAX),
        refusedModels: Object.entries(state.models ?? {}).map(([model, { why }]) => ({ model, why })),
        today: {
          turns: today.turns,
          usd: today.settled.usdMicros / 1e6,
          usdReserved: today.reserved.usdMicros / 1e6,
          usdEstimated: today.estimatedMicros / 1e6,
          tokens: all.tokens,
          cachedTokens: all.cachedTokens,
          timeMs: all.timeMs,
        },
      };
    });
}

/** Agents that nobody has written down have pools, too: one that is not named and was never used is not shown. */
function isOfInterest({ name, state, today }: PoolView, config: Config): boolean {
  const isNamed = agentsInUse(config, []).some(([, { pool }]) => pool === name);
  return (
    isNamed ||
    Object.hasOwn((config as Partial<Config>).pools ?? {}, name) ||
    today.turns > 0 ||
    state.startedMs !== null ||
    state.paused !== null ||
    state.person !== null ||
    state.models !== undefined
  );
}

export function poolRows(reports: readonly PoolReport[]): string[][] {
  return [
    ['POOL', 'RUNS', 'TURNS', 'COST', 'STATE'],
    ...reports.map(({ name, running, limits, today, sentence, refusedModels }) => [
      name,
      limits.concurrent === null ? String(running) : `${running}/${limits.concurrent}`,
      limits.dailyTurns === null ? String(today.turns) : `${today.turns}/${limits.dailyTurns}`,
      costCell(today, limits),
      [sentence ?? 'has room', ...refusedModels.map(({ why }) => inertLine(why, SENTENCE_MAX))].join('; '),
    ]),
  ];
}

function costCell({ usd, usdEstimated }: PoolReport['today'], { budget }: PoolLimits): string {
  const text = (dollars: number): string => usdText(Math.round(dollars * 1e6));
  const spent = usdEstimated > 0 ? `${text(usd)} (${text(usdEstimated)} estimated)` : text(usd);
  return budget.usdMicros === null ? spent : `${spent}/${usdText(budget.usdMicros)}`;
}

/** Of a pool that takes nothing for a reason that is worth a look. */
export function heldLine({ name, refusal, sentence, refusedModels }: PoolReport): string | null {
  const [refused] = refusedModels;
  if (refusal === null && refused !== undefined) {
    return `the pool ${name} needs a person: ${inertLine(refused.why, SENTENCE_MAX)}`;
  }
  if (refusal === null || sentence === null || PASSING.has(refusal.why)) return null;
  return `the pool ${name} ${sentence}`;
}

const PASSING: ReadonlySet<PoolRefusal['why']> = new Set(['concurrent', 'model', 'delay']);
