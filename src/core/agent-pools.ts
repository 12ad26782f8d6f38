import { holdOf } from './pool.ts';
import type { PoolRefusal, PoolView } from './pool.ts';

/** An agent that may work on a task. */
export interface AgentChoice {
  /** Agent spec. */
  readonly spec: string;
  /** As the configuration calls it. */
  readonly name: string;
  /** Null: it is in none. */
  readonly pool: string | null;
  /** Null: the agent's own choice. */
  readonly model: string | null;
}

/** An agent that works now. */
export type AgentAtWork = Pick<AgentChoice, 'pool' | 'model'>;

/** How the pools stand while tasks are chosen one after the other. */
export class AgentPools {
  readonly #pools: ReadonlyMap<string, PoolView>;
  readonly #nowMs: number;
  readonly #running = new Map<string, number>();
  readonly #runningWith = new Map<string, number>();
  /** Pools that a task was given to in this cycle. */
  readonly #startedIn = new Set<string>();

  constructor(pools: readonly PoolView[], atWork: readonly AgentAtWork[], nowMs: number) {
    this.#pools = new Map(pools.map((pool) => [pool.name, pool]));
    this.#nowMs = nowMs;
    for (const agent of atWork) this.#count(agent);
  }

  start(choice: AgentAtWork): void {
    this.#count(choice);
    if (choice.pool !== null) this.#startedIn.add(choice.pool);
  }

  /** Why the pool of this agent takes nothing more now; null: it does. */
  refusal({ pool: name, model }: AgentAtWork): PoolRefusal | null {
    if (name === null) return null;
    const pool = this.#pools.get(name);
    if (pool === undefined) return null;
    const held = holdOf(pool, this.#nowMs, true, model);
    if (held !== null) return held;
    const { limits, state } = pool;
    const running = this.#running.get(name) ?? 0;
    if (limits.concurrent !== null && running >= limits.concurrent) {
      return { why: 'concurrent', running, limit: limits.concurrent };
    }
    const modelLimit = model !== null && Object.hasOwn(limits.models, model) ? limits.models[model] : undefined;
    const withModel = this.#runningWith.get(keyOf(name, model)) ?? 0;
    if (model !== null && modelLimit !== undefined && withModel >= modelLimit) {
      return { why: 'model', model, running: withModel, limit: modelLimit };
    }
    return this.#delay(name, limits.minDelayMs, state.startedMs);
  }

  /** A clock that was set back holds nothing longer than the delay itself. */
  #delay(name: string, minDelayMs: number, startedMs: number | null): PoolRefusal | null {
    if (minDelayMs === 0) return null;
    if (this.#startedIn.has(name)) return { why: 'delay', remainingMs: minDelayMs };
    if (startedMs === null || startedMs > this.#nowMs) return null;
    const remainingMs = startedMs + minDelayMs - this.#nowMs;
    return remainingMs > 0 ? { why: 'delay', remainingMs } : null;
  }

  #count({ pool, model }: AgentAtWork): void {
    if (pool === null) return;
    increase(this.#running, pool);
    if (model !== null) increase(this.#runningWith, keyOf(pool, model));
  }
}

function keyOf(pool: string, model: string | null): string {
  return `${pool} ${model ?? ''}`;
}

function increase(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
