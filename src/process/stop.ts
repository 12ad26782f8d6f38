import type { ProcessEnd } from './process-result.ts';

/** setTimeout takes more than this for 1 ms. */
export const TIMER_MAX_MS = 2 ** 31 - 1;

/** What can stop a program before its time: its timeout, an abort, a callback that throws. The first one counts. */
export class Stop {
  readonly #wanted = Promise.withResolvers<ProcessEnd | 'threw'>();
  #thrown: { readonly error: unknown } | null = null;

  /** Resolves with the first reason to stop. */
  get wanted(): Promise<ProcessEnd | 'threw'> {
    return this.#wanted.promise;
  }

  /** Calls back, unless a callback has thrown before; what it throws stops the program. */
  guard(callback: () => void): void {
    if (this.#thrown !== null) return;
    try {
      callback();
    } catch (error) {
      this.threw(error);
    }
  }

  threw(error: unknown): void {
    this.#thrown ??= { error };
    this.#wanted.resolve('threw');
  }

  rethrow(): void {
    if (this.#thrown !== null) throw this.#thrown.error;
  }

  /** Starts to wait for the timeout and the abort; the function that it returns ends that. */
  arm(timeoutMs: number | undefined, signal: AbortSignal | undefined): () => void {
    const onAbort = (): void => this.#wanted.resolve({ kind: 'cancelled' });
    const onTimeout = (): void => this.#wanted.resolve({ kind: 'timed-out' });
    const timer = timeoutMs === undefined ? undefined : setTimeout(onTimeout, Math.min(timeoutMs, TIMER_MAX_MS));
    signal?.addEventListener('abort', onAbort, { once: true });
    if (signal?.aborted === true) onAbort();
    return () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    };
  }
}
