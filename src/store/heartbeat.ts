import type { Fence } from '../core/lease.ts';
import { HEARTBEAT_MS, LEASE_MS } from '../core/lease.ts';
import type { Host } from '../process/host.ts';
import type { Store } from './store.ts';

/**
 * Renews a lease while its holder works. `signal` fires when the lease is lost, and the holder must stop: somebody else
 * has it, or it could not be renewed (a full disk, a store that is busy) for as long as it holds.
 */
export class Heartbeat {
  readonly #abort = new AbortController();
  readonly #stop: () => void;

  constructor(store: Pick<Store, 'renew'>, { clock, every }: Pick<Host, 'clock' | 'every'>, fence: Fence) {
    let renewedMs = clock.monotonicMs();
    this.#stop = every(HEARTBEAT_MS, () => {
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
    });
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  stop(): void {
    this.#stop();
  }
}
