/** How long processes that could not be ended are left alone before it is tried again. */
const PAUSE_MS = 30_000;

/**
 * Processes that could not be ended (another user's, or stuck in the kernel), by what was to be ended. Each try takes
 * seconds, and a cycle that tried each time would neither be quick nor let the log be.
 */
export class Survivors {
  readonly #left = new Map<string, { readonly pids: readonly number[]; readonly untilMs: number }>();

  mayTry(name: string, monotonicMs: number): boolean {
    return monotonicMs >= (this.#left.get(name)?.untilMs ?? -Infinity);
  }

  /** Takes down what a try came to; true when it is news: others are left than the last time. */
  learn(name: string, pids: readonly number[], monotonicMs: number): boolean {
    const before = this.#left.get(name);
    if (pids.length === 0) {
      this.#left.delete(name);
      return false;
    }
    const now = pids.toSorted((a, b) => a - b);
    this.#left.set(name, { pids: now, untilMs: monotonicMs + PAUSE_MS });
    return before?.pids.join() !== now.join();
  }

  /** Who was left the last time. */
  of(name: string): readonly number[] {
    return this.#left.get(name)?.pids ?? [];
  }
}
