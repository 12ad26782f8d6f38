import type { Pin } from '../config/pin.ts';
import type { Clock } from '../core/clock.ts';
import type { Location } from '../git/locate.ts';
import type { LocalYard } from '../reconcile/yard.ts';
import type { StoreReader } from '../store/store.ts';
import type { Output } from './terminal/output.ts';

/** A yard opened to be looked at: nothing is written, nothing heavy is loaded. */
export interface Reading {
  readonly reader: StoreReader;
  readonly location: Location;
  readonly stateDirectory: string;
  /** What the scheduler last worked with; null before the first run. */
  readonly pin: Pin | null;
  /** When that was taken last. */
  readonly pinnedMs: number | null;
}

/** Where a yard keeps what it knows. */
export interface StatePlaces {
  readonly directory: string;
  readonly storeFile: string;
}

/** How commands get at the real implementations; `main.ts` provides it. */
export interface Compose {
  /** @throws UserError where there is no yard. */
  reading(cwd: string): Promise<Reading>;
  yard(cwd: string): Promise<LocalYard>;
  /** Nothing is made. `commonDirectory` is git's. */
  places(commonDirectory: string): Promise<StatePlaces>;
  /** The same, where these `YARD_…` variables count instead of the process's own. */
  withEnvironment(environment: CommandContext['env']): Compose;
  readonly self: readonly string[];
  /** Of this package. */
  readonly version: string;
  readonly clock: Clock;
}

/** What every command is given. */
export interface CommandContext {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly output: Output;
  readonly compose: Compose;
  readonly stdin: NodeJS.ReadStream;
}

/** Process exit codes; `docs/cli.md` explains them. */
export const EXIT = { ok: 0, failed: 1, usage: 2, personNeeded: 3, limit: 4, bug: 70 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
