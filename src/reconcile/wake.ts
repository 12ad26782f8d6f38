import { setTimeout as delay } from 'node:timers/promises';

import type { Store } from '../store/store.ts';

const POLL_MS = 50;
/** Task files, the configuration and a lease's expiry change without a write to the store. */
const IDLE_MAX_MS = 1_000;

/** Waits for something to happen: a write to the store by anybody, a worker's end, or a second. */
export class Wake {
  readonly #store: Store;
  #called = false;
  #version: number | null = null;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Ends the current wait, or the next one at once. */
  call(): void {
    this.#called = true;
  }

  async wait(signal: AbortSignal): Promise<void> {
    const untilMs = performance.now() + IDLE_MAX_MS;
    while (!signal.aborted && !this.#called && performance.now() < untilMs) {
      const version = await this.#store.version();
      if (this.#version !== null && version !== this.#version) {
        this.#version = version;
        break;
      }
      this.#version = version;
      await delay(POLL_MS);
    }
    this.#called = false;
  }
}
