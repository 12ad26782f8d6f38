import type { Pin } from '../config/pin.ts';
import type { Fence } from '../core/lease.ts';
import type { Redactor } from '../core/redact.ts';
import type { Depot } from '../git/depot.ts';
import type { Merger } from '../git/merge.ts';
import type { Repository } from '../git/repository.ts';
import type { Host } from '../process/host.ts';
import type { Cells } from '../sandbox/cells.ts';
import type { Store } from '../store/store.ts';

/** Carried by the train's process, whatever its token will be. */
export function trainMarker(stateDirectory: string): string {
  return `${stateDirectory}:train`;
}

/** Carried by what the train with this token starts for a gate. */
export function trainGateMarker(stateDirectory: string, token: number): string {
  return `${stateDirectory}:train:${token}`;
}

/** What the work of the train shares. */
export interface TrainContext {
  readonly store: Store;
  readonly host: Host;
  readonly depot: Depot;
  readonly merger: Merger;
  readonly repository: Repository;
  readonly stateDirectory: string;
  readonly pin: Pin;
  readonly cells: Cells;
  /** What is kept or shown passes it. */
  readonly redactor: Redactor;
  /** Full name of the target's ref. */
  readonly target: string;
  readonly fence: Fence;
  /** Fires when the train's lease is lost. */
  readonly signal: AbortSignal;
}
