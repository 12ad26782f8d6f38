import type { Pin } from '../config/pin.ts';
import type { Clock } from '../core/clock.ts';
import type { Fence } from '../core/lease.ts';
import type { Depot } from '../git/depot.ts';
import type { Merger } from '../git/merge.ts';
import type { Repository } from '../git/repository.ts';
import type { Store } from '../store/store.ts';

/** Carried by the train's process. What it starts for a gate carries that of its own token instead. */
export function trainMarker(stateDirectory: string): string {
  return `${stateDirectory}:train`;
}

/** What the steps of the train share. */
export interface TrainContext {
  readonly store: Store;
  readonly clock: Clock;
  readonly depot: Depot;
  readonly merger: Merger;
  readonly repository: Repository;
  readonly stateDirectory: string;
  readonly pin: Pin;
  /** See `TrainOptions`. */
  readonly isCurrent: () => boolean;
  /** Full name of the target's ref. */
  readonly target: string;
  readonly fence: Fence;
  /** Fires when the train's lease is lost. */
  readonly signal: AbortSignal;
}
