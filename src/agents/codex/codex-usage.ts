import { NO_USAGE, usageSince } from '../../core/usage.ts';
import type { Usage } from '../../core/usage.ts';
import type { Json } from '../../core/yard-event.ts';
import { numberAt } from '../program/json-line.ts';

/** What codex counts, in the words of `exec` or of the app-server: input is all of it there, and money is not told. */
export function codexUsage(counted: Json | undefined): Usage {
  const count = (snake: string, camel: string): number => numberAt(counted, snake) ?? numberAt(counted, camel) ?? 0;
  const cachedTokens = count('cached_input_tokens', 'cachedInputTokens');
  const cacheWriteTokens = count('cache_write_input_tokens', 'cacheWriteInputTokens');
  return {
    inputTokens: Math.max(0, count('input_tokens', 'inputTokens') - cachedTokens - cacheWriteTokens),
    cachedTokens,
    cacheWriteTokens,
    outputTokens: count('output_tokens', 'outputTokens'),
    costUsd: null,
  };
}

/** Of threads, and of the characters of their names; a turn has some ten. What is beyond is counted as one thread. */
const THREADS_MAX = 1_000;
const NAME_MAX = 200;

/**
 * What a turn has used of what codex counts on for each thread from turn to turn. A thread that is gone on with begins
 * from what it had counted; the threads of agents that the turn starts begin from nothing. Memory is bounded.
 */
export class ThreadUsage {
  readonly #totals = new Map<string, Usage>();

  /** What a thread has come to without this turn. */
  begin(thread: string, total: Usage): void {
    this.#totals.set(this.#keyOf(thread), total);
  }

  /** What came on top of what was known; null: nothing. */
  add(thread: string, total: Usage): Usage | null {
    const key = this.#keyOf(thread);
    const usage = usageSince(total, this.#totals.get(key) ?? NO_USAGE);
    this.#totals.set(key, total);
    const { inputTokens, cachedTokens, cacheWriteTokens, outputTokens } = usage;
    return inputTokens + cachedTokens + cacheWriteTokens + outputTokens === 0 ? null : usage;
  }

  totals(thread: string): Usage | null {
    return this.#totals.get(this.#keyOf(thread)) ?? null;
  }

  #keyOf(thread: string): string {
    const hasRoom = this.#totals.has(thread) || (this.#totals.size < THREADS_MAX && thread.length <= NAME_MAX);
    return hasRoom ? thread : '';
  }
}
