import type { Clock } from '../core/clock.ts';
import type { Fence } from '../core/lease.ts';
import { HEARTBEAT_MS, LEASE_MS } from '../core/lease.ts';
import type { Store } from './store.ts';

/** Renews a lease while its holder works. When the lease is lost, `signal` fires, and the holder must stop. */
export class Heartbeat {
  readonly #abort = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #failure: unknown = null;

  constructor(store: Store, clock: Clock, fence: Fence) {
    this.#timer = setInterval(() => {
      store.renew(fence, clock.monotonicMs() + LEASE_MS).catch((error: unknown) => {
        this.#failure = error;
        this.stop();
        this.#abort.abort(error);
      });
    }, HEARTBEAT_MS);
    this.#timer.unref();
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** What a renewal failed with; null while the lease holds. */
  get failure(): unknown {
    return this.#failure;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
