import type { RetryPolicy } from '../../src/core/task-state.ts';
import type { StoreReader, TaskRow } from '../../src/store/store.ts';
import type { SimProcess } from './machine.ts';
import type { StoreRecord } from './store-record.ts';
import type { Observation } from './world.ts';

/** A promise of docs/promises.md that a history breaks. */
export interface Violation {
  readonly promise: 'P2' | 'P3' | 'P4' | 'P5' | 'P8';
  readonly why: string;
}

/** What of a history is looked at. */
export interface Played {
  readonly store: Pick<StoreReader, 'events' | 'openIntents'> & {
    readonly rows: () => Promise<readonly Pick<TaskRow, 'id' | 'state' | 'counters'>[]>;
  };
  /** What the tasks were stepped by. */
  readonly policy: RetryPolicy;
  readonly records: readonly StoreRecord[];
  readonly world: { readonly observations: readonly Observation[] };
  readonly machine: {
    readonly alive: readonly Pick<SimProcess, 'role' | 'isPerson'>[];
    readonly crashes: readonly string[];
  };
  /** Where the target stood at first. */
  readonly first: string;
  readonly isDone: boolean;
}
