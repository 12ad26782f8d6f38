import { HEARTBEAT_MS, LEASE_MS } from './lease.ts';

/** A scheduler that has not looked for so long was away, and so, perhaps, was all else: a paused machine renews nothing. */
export const AWAY_MS = 2 * HEARTBEAT_MS;

/** Time for those who were away as well to renew their leases: none that expired in the absence is lost until then. */
export interface Grace {
  /** The last look before the absence: what had expired by then had not been renewed while all was well. */
  readonly sinceMonotonicMs: number;
  readonly untilMonotonicMs: number;
}

/** Whether a lease is over: expired, and no grace covers it. */
export function isExpired(expiresMonotonicMs: number, monotonicMs: number, graces: readonly Grace[]): boolean {
  if (monotonicMs < expiresMonotonicMs) return false;
  return !graces.some((grace) => monotonicMs < grace.untilMonotonicMs && expiresMonotonicMs > grace.sinceMonotonicMs);
}

/** Finds the absences of a scheduler by the gaps between its own looks. All times are monotonic, of one boot. */
export class Presence {
  #lastMs: number;
  #graces: readonly Grace[] = [];

  /** @param lastMs when a scheduler last looked, or was known to live; null: none did in this boot. */
  constructor(lastMs: number | null) {
    this.#lastMs = lastMs ?? -Infinity;
  }

  /** To be called at each look; returns the graces that hold. */
  look(monotonicMs: number): readonly Grace[] {
    const lastMs = this.#lastMs;
    this.#lastMs = monotonicMs;
    this.#graces = this.#graces.filter(({ untilMonotonicMs }) => monotonicMs < untilMonotonicMs);
    if (monotonicMs - lastMs > AWAY_MS) {
      this.#graces = [...this.#graces, { sinceMonotonicMs: lastMs, untilMonotonicMs: monotonicMs + LEASE_MS }];
    }
    return this.#graces;
  }
}
