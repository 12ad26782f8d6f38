import type { Clock } from '../core/clock.ts';
import type { Depot } from '../git/depot.ts';
import type { Repository } from '../git/repository.ts';
import type { Store } from '../store/store.ts';
import type { SettingsSource } from './settings.ts';

/** One repository's yard, opened to be driven. */
export interface Yard {
  readonly store: Store;
  readonly clock: Clock;
  readonly depot: Depot;
  readonly repository: Repository;
  readonly stateDirectory: string;
  readonly settings: SettingsSource;
  /** Program and arguments that start this package itself, for the workers. */
  readonly self: readonly string[];
}
