import type { DatabaseSync } from 'node:sqlite';
import { Kysely } from 'kysely';
import type { AttemptOutcome } from '../core/attempt.ts';
import type { Clock } from '../core/clock.ts';
import type { Fence, Lease, LeaseResource } from '../core/lease.ts';
import type { PauseSubject } from '../core/pause.ts';
import type { ProcessIdentity } from '../core/process-identity.ts';
import type { Redactor } from '../core/redact.ts';
import { redactJson } from '../core/redact-json.ts';
import type { TaskEvent } from '../core/task-event.ts';
import type { TurnWanted } from '../core/turn.ts';
import type { RetryPolicy } from '../core/task-state.ts';
import type { Json } from '../core/yard-event.ts';
import * as attempts from './attempt-writes.ts';
import { setCursor } from './cursor-writes.ts';
import * as control from './control-writes.ts';
import { importTasks } from './import-writes.ts';
import * as kills from './kill-writes.ts';
import * as landings from './landing-writes.ts';
import * as leases from './lease-writes.ts';
import { migrate } from './migrations.ts';
import type { Tables } from './schema.ts';
import { olderStore, openForReading, openForWriting, readNumber, STORE_VERSION } from './sqlite-connection.ts';
import { ImmediateSqliteDialect, whileBusy } from './sqlite-dialect.ts';
import { storeError } from './sqlite-errors.ts';
import { SqliteReader } from './sqlite-reader.ts';
import type * as Yard from './store.ts';
import * as spending from './spending-writes.ts';
import type { Reservation, Settlement } from './spending.ts';
import * as tasks from './task-writes.ts';
import { appendEvent } from './write.ts';
import type { Write } from './write.ts';
import { failpoint, isDefective } from '../process/failpoint.ts';

export interface StoreOptions {
  readonly clock: Clock;
  /** Asked at every write, so that a change of the configuration takes effect. */
  readonly policy: () => RetryPolicy;
  /** What every text passes before it is written; without one, all is written as it is. */
  readonly redactor?: Redactor;
}

/**
 * Opens the store at `path`, and makes it if there is none. Throws a `UserError`: `state-not-writable`,
 * `store-unreadable`, `store-newer`, `store-older` (see `upgradeStore`), `store-full`, `store-io`, `store-busy`.
 */
export async function openStore(path: string, options: StoreOptions): Promise<Yard.Store> {
  const writer = openForWriting(path);
  try {
    await whileBusy(() => setUp(writer, path));
    const reader = openForReading(path);
    if (reader === null) throw new Error(`the store ${path} was taken away while it was opened`);
    return new SqliteStore(path, writer, reader, options);
  } catch (error) {
    writer.close();
    throw storeError(error, path);
  }
}

function setUp(db: DatabaseSync, path: string): void {
  // Of the levels for a write-ahead log, FULL is the first that syncs it at each commit; macOS must be asked twice.
  const level = isDefective('store-not-synced') ? 'off' : 'full';
  db.exec(`pragma journal_mode = wal; pragma synchronous = ${level}; pragma fullfsync = on`);
  const version = readNumber(db, 'pragma user_version');
  if (version > 0 && version < STORE_VERSION) throw olderStore(path);
  migrate(db);
  // From here on `whileBusy` waits: SQLite would block the event loop, and with it whoever holds the lock in this process.
  db.exec('pragma busy_timeout = 0');
}

/** Ids and hashes hold no secret, and are most of what is written. */
const NO_SECRET = /^(?:[0-9a-f]*|[A-Za-z0-9_./:-]{0,15})$/;

function redactionBy(redactor: Redactor | undefined): (text: string) => string {
  if (redactor === undefined) return (text) => text;
  const redact = (text: string): string => redactor.text(text);
  return (text) => (NO_SECRET.test(text) ? redactor.named(text) : redactJson(text, redact));
}

/** Writes through kysely on one connection, reads as any reader does on another. */
class SqliteStore extends SqliteReader implements Yard.Store {
  readonly #file: string;
  readonly #db: Kysely<Tables>;
  readonly #options: StoreOptions;
  #closed: Promise<void> | null = null;

  constructor(path: string, writer: DatabaseSync, reader: DatabaseSync, options: StoreOptions) {
    super(reader, path);
    this.#file = path;
    this.#db = new Kysely<Tables>({ dialect: new ImmediateSqliteDialect(writer, redactionBy(options.redactor)) });
    this.#options = options;
  }

  importTasks(imports: readonly Yard.TaskImport[], fence?: Fence): Promise<void> {
    return this.#write('importTasks', (write) => importTasks(write, imports), fence);
  }

  transition(taskId: string, event: TaskEvent, fence?: Fence): Promise<Yard.TaskRecord> {
    return this.#write('transition', (write) => tasks.transition(write, taskId, event), fence);
  }

  withdraw(taskId: string, event: tasks.Withdrawal, fence?: Fence): Promise<Yard.TaskRecord> {
    return this.#write('withdraw', (write) => tasks.withdraw(write, taskId, event), fence);
  }

  answer(taskId: string, text: string): Promise<Yard.TaskRecord> {
    return this.#write('answer', (write) => tasks.answer(write, taskId, text));
  }

  approve(taskId: string, hash: string): Promise<Yard.TaskRecord> {
    return this.#write('approve', (write) => tasks.approve(write, taskId, hash));
  }

  acquire(
    resource: LeaseResource,
    owner: ProcessIdentity,
    expiresMonotonicMs: number,
    mayTake: (held: Lease) => boolean,
  ): Promise<Yard.Acquired> {
    return this.#write('acquire', (write) => leases.acquireLease(write, resource, owner, expiresMonotonicMs, mayTake));
  }

  claim(fence: Fence, owner: ProcessIdentity, expiresMonotonicMs: number): Promise<boolean> {
    return this.#write('claim', (write) => leases.claimLease(write, fence, owner, expiresMonotonicMs));
  }

  renew(fence: Fence, expiresMonotonicMs: number): Promise<void> {
    return this.#write('renew', (write) => leases.renewLease(write, fence, expiresMonotonicMs));
  }

  release(fence: Fence): Promise<void> {
    return this.#write('release', (write) => leases.releaseLease(write, fence));
  }

  dispatch(scheduler: Fence, taskId: string, options: Yard.DispatchOptions): ReturnType<Yard.Store['dispatch']> {
    return this.#write('dispatch', (write) => attempts.dispatch(write, scheduler, taskId, options));
  }

  spawned(scheduler: Fence, intentId: number): Promise<void> {
    return this.#write('spawned', (write) => attempts.closeSpawnIntent(write, scheduler, intentId));
  }

  progress(fence: Fence, taskId: string, attempt: number, change: Yard.AttemptProgress): Promise<void> {
    return this.#write('progress', (write) => attempts.progress(write, fence, taskId, attempt, change));
  }

  finish(
    fence: Fence,
    taskId: string,
    attempt: number,
    outcome: AttemptOutcome,
    signature: string | null = null,
  ): Promise<Yard.TaskRecord> {
    return this.#write('finish', (write) => attempts.finish(write, fence, taskId, attempt, outcome, signature));
  }

  lose(
    scheduler: Fence,
    lost: Fence,
    taskId: string,
    attempt: number,
    outcome: AttemptOutcome,
  ): Promise<Yard.TaskRecord> {
    return this.#write('lose', (write) => attempts.lose(write, scheduler, lost, taskId, attempt, outcome));
  }

  reserveTurn(fence: Fence, wanted: TurnWanted): Promise<Reservation> {
    return this.#write('reserveTurn', (write) => spending.reserveTurn(write, fence, wanted));
  }

  settleTurn(fence: Fence, turnId: number, settlement: Settlement): Promise<void> {
    return this.#write('settleTurn', (write) => spending.settleTurn(write, fence, turnId, settlement));
  }

  holdPool(name: string, by: string, why: string): Promise<void> {
    return this.#write('holdPool', (write) => spending.holdPool(write, name, by, why));
  }

  resumePool(name: string): Promise<boolean> {
    return this.#write('resumePool', (write) => spending.resumePool(write, name));
  }

  clearPool(name: string): Promise<boolean> {
    return this.#write('clearPool', (write) => spending.clearPool(write, name));
  }

  openLanding(train: Fence, intent: landings.LandIntent): Promise<number> {
    return this.#write('openLanding', (write) => landings.openLanding(write, train, intent));
  }

  closeLanding(train: Fence, intentId: number, result: landings.LandingResult): Promise<void> {
    return this.#write('closeLanding', (write) => landings.closeLanding(write, train, intentId, result));
  }

  addVerdict(fence: Fence, verdict: Yard.Verdict): Promise<void> {
    return this.#write('addVerdict', (write) => control.addVerdict(write, verdict), fence);
  }

  stop(by: string, why: string, fence?: Fence): Promise<void> {
    return this.#write('stop', (write) => control.stop(write, by, why, fence === undefined), fence);
  }

  interrupt(by: string, why: string): Promise<Yard.IntentRecord[]> {
    return this.#write('interrupt', (write) => kills.interrupt(write, by, why));
  }

  closeKill(intentId: number, fence?: Fence): Promise<void> {
    return this.#write('closeKill', (write) => kills.closeKill(write, intentId), fence);
  }

  resume(): Promise<void> {
    return this.#write('resume', control.resume);
  }

  pause(subject: PauseSubject, by: string, why: string): Promise<void> {
    return this.#write('pause', (write) => control.pause(write, subject, by, why));
  }

  unpause(subject: PauseSubject): Promise<boolean> {
    return this.#write('unpause', (write) => control.unpause(write, subject));
  }

  resetBreaker(): Promise<void> {
    return this.#write('resetBreaker', control.resetBreaker);
  }

  setCursor(name: string, seq: number): Promise<void> {
    return this.#write('setCursor', (write) => setCursor(write, name, seq));
  }

  note(type: string, data: Json, about: Yard.NoteAbout = {}): Promise<void> {
    const { fence, ...subject } = about;
    return this.#write('note', async (write) => void (await appendEvent(write, type, data, subject)), fence);
  }

  /** Waits for the writes that were begun. Whoever closes a store last writes its log back into the file. */
  override close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    await this.#db.connection().execute(() => super.close());
    await this.#db.destroy();
  }

  /** @param fence what the actor may go by, where a change has no other fence of its own. */
  async #write<T>(name: keyof Yard.Store, change: (write: Write) => Promise<T>, fence?: Fence): Promise<T> {
    try {
      failpoint(`store.${name}:before`);
      const result = await this.#db.transaction().execute(async (db) => {
        const { clock, policy } = this.#options;
        const write = { db, nowMs: clock.nowMs(), policy: policy() };
        if (fence !== undefined) await leases.requireFence(write, fence);
        const changed = await change(write);
        failpoint(`store.${name}:commit`);
        return changed;
      });
      failpoint(`store.${name}:after`);
      return result;
    } catch (error) {
      throw storeError(error, this.#file);
    }
  }
}
