import type { Pin } from '../config/pin.ts';
import type { FreeSpace } from '../core/disk.ts';
import type { Redactor } from '../core/redact.ts';
import type { UserError } from '../core/user-error.ts';
import type { Depot } from '../git/depot.ts';
import type { Repository } from '../git/repository.ts';
import type { SyncedTarget } from '../git/target-sync.ts';
import type { Host } from '../process/host.ts';
import type { Store } from '../store/store.ts';
import type { Tracker } from '../trackers/tracker.ts';
import type { Settings, SettingsSource } from './settings.ts';

/** What a scheduler needs of a yard. */
export interface Yard {
  readonly store: Store;
  readonly host: Host;
  readonly stateDirectory: string;
  readonly settings: {
    /** @throws UserError when there is no good version at all. */
    current(): Promise<Settings>;
    /** What is wrong with the newest version, while the last good one is in force. */
    readonly problem: UserError | null;
    /** What work was started with before the version that is in force; null: not known. */
    readonly before: Pin | null;
  };
  /** Where tasks come from. */
  readonly tracker: Tracker;
  /** Looks where the target stands. @param known where it stood when last looked at. */
  readonly syncTarget: (ref: string, known: string | undefined) => Promise<SyncedTarget>;
  /** What is free for the state, and for the repository. */
  readonly freeSpace: () => { readonly state: FreeSpace; readonly repository: FreeSpace };
  /** Program and arguments that start this package itself, for the workers. */
  readonly self: readonly string[];
}

/** One repository's yard on this machine, opened to be driven. */
export interface LocalYard extends Yard {
  readonly settings: SettingsSource;
  readonly depot: Depot;
  /** What is kept or shown passes it. */
  readonly redactor: Redactor;
  readonly repository: Repository;
}
