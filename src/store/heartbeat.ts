import type { Clock } from '../core/clock.ts';
import type { Fence } from '../core/lease.ts';
import { HEARTBEAT_MS, LEASE_MS } from '../core/lease.ts';
import type { Store } from './store.ts';

/**
 * Renews a lease while its holder works. `signal` fires when the lease is lost, and the holder must stop: somebody else
 * has it, or it could not be renewed (a full disk, a store that is busy) for as long as it holds.
 */
export class Heartbeat {
  readonly #abort = new AbortController();
  readonly #timer: NodeJS.Timeout;

  constructor(store: Store, clock: Clock, fence: Fence) {
    let renewedMs = clock.monotonicMs();
    this.#timer = setInterval(() => {
      const nowMs = clock.monotonicMs();
      store.renew(fence, nowMs + LEASE_MS).then(
        () => {
          renewedMs = nowMs;
        },
        (error: unknown) => {
          const isTaken = error instanceof Error && 'code' in error && error.code === 'stale-token';
          if (!isTaken && clock.monotonicMs() - renewedMs < LEASE_MS) return;
          this.stop();
          this.#abort.abort(error);
        },
      );
    }, HEARTBEAT_MS);
    this.#timer.unref();
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
