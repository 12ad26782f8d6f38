import type { AttemptOutcome } from '../../src/core/attempt.ts';
import type { Clock } from '../../src/core/clock.ts';
import type { Fence, Lease, LeaseResource } from '../../src/core/lease.ts';
import { pauseKey } from '../../src/core/pause.ts';
import type { PauseSubject } from '../../src/core/pause.ts';
import type { ProcessIdentity } from '../../src/core/process-identity.ts';
import type { TaskEvent } from '../../src/core/task-event.ts';
import type { TurnWanted } from '../../src/core/turn.ts';
import type { RetryPolicy } from '../../src/core/task-state.ts';
import type { Json } from '../../src/core/yard-event.ts';
import type { Reservation, Settlement } from '../../src/store/spending.ts';
import type * as Yard from '../../src/store/store.ts';
import * as attempts from './memory-attempts.ts';
import { importTasks } from './memory-import.ts';
import * as kills from './memory-kills.ts';
import * as landings from './memory-landings.ts';
import * as leases from './memory-leases.ts';
import { MemoryReader } from './memory-reader.ts';
import * as spending from './memory-spending.ts';
import { MemoryTables } from './memory-tables.ts';
import * as tasks from './memory-tasks.ts';
import { appendEvent } from './memory-write.ts';
import type { Write } from './memory-write.ts';
import type { StoreRecord } from './store-record.ts';

export interface MemoryStoreOptions {
  readonly clock: Clock;
  /** Asked at every write. */
  readonly policy: () => RetryPolicy;
  /** A deliberate defect: see `Write`. */
  readonly acceptsStale?: boolean;
  /** Hears of every write at the moment of its commit, before the caller does. */
  readonly record?: (record: StoreRecord) => void;
}

/**
 * An empty place for a store that dies with its process; the function that it returns opens another handle on it, with
 * clocks of its own if given. Calls are carried out one after the other, each at the moment it is made.
 */
export function memoryStore(options: MemoryStoreOptions): (own?: Partial<MemoryStoreOptions>) => Yard.Store {
  const tables = new MemoryTables();
  return (own = {}) => new MemoryStore(tables, { ...options, ...own });
}

class MemoryStore extends MemoryReader implements Yard.Store {
  readonly #options: MemoryStoreOptions;

  constructor(tables: MemoryTables, options: MemoryStoreOptions) {
    super(tables);
    this.#options = options;
  }

  importTasks(imports: readonly Yard.TaskImport[], fence?: Fence): Promise<void> {
    return this.#fenced('importTasks', fence, (write) => importTasks(write, imports));
  }

  transition(taskId: string, event: TaskEvent, fence?: Fence): Promise<Yard.TaskRecord> {
    return this.#fenced('transition', fence, (write) => tasks.transition(write, taskId, event));
  }

  withdraw(taskId: string, event: tasks.Withdrawal, fence?: Fence): Promise<Yard.TaskRecord> {
    return this.#fenced('withdraw', fence, (write) => tasks.withdraw(write, taskId, event));
  }

  answer(taskId: string, text: string): Promise<Yard.TaskRecord> {
    return this.#write('answer', [], (write) => tasks.answer(write, taskId, text));
  }

  approve(taskId: string, hash: string): Promise<Yard.TaskRecord> {
    return this.#write('approve', [], (write) => tasks.approve(write, taskId, hash));
  }

  acquire(
    resource: LeaseResource,
    owner: ProcessIdentity,
    expiresMonotonicMs: number,
    mayTake: (held: Lease) => boolean,
  ): ReturnType<Yard.Store['acquire']> {
    return this.#write('acquire', [], (write) =>
      leases.acquireLease(write, resource, owner, expiresMonotonicMs, mayTake),
    );
  }

  claim(fence: Fence, owner: ProcessIdentity, expiresMonotonicMs: number): Promise<boolean> {
    return this.#write('claim', [fence], (write) => leases.claimLease(write, fence, owner, expiresMonotonicMs));
  }

  renew(fence: Fence, expiresMonotonicMs: number): Promise<void> {
    return this.#write('renew', [fence], (write) => leases.renewLease(write, fence, expiresMonotonicMs));
  }

  release(fence: Fence): Promise<void> {
    return this.#write('release', [fence], (write) => leases.releaseLease(write, fence));
  }

  dispatch(scheduler: Fence, taskId: string, options: Yard.DispatchOptions): ReturnType<Yard.Store['dispatch']> {
    return this.#write('dispatch', [scheduler], (write) => attempts.dispatch(write, scheduler, taskId, options));
  }

  spawned(scheduler: Fence, intentId: number): Promise<void> {
    return this.#write('spawned', [scheduler], (write) => attempts.closeSpawnIntent(write, scheduler, intentId));
  }

  progress(fence: Fence, taskId: string, attempt: number, change: Yard.AttemptProgress): Promise<void> {
    return this.#write('progress', [fence], (write) => attempts.progress(write, fence, taskId, attempt, change));
  }

  finish(
    fence: Fence,
    taskId: string,
    attempt: number,
    outcome: AttemptOutcome,
    signature: string | null = null,
  ): Promise<Yard.TaskRecord> {
    return this.#write('finish', [fence], (write) =>
      attempts.finish(write, fence, taskId, attempt, outcome, signature),
    );
  }

  lose(
    scheduler: Fence,
    lost: Fence,
    taskId: string,
    attempt: number,
    outcome: AttemptOutcome,
  ): Promise<Yard.TaskRecord> {
    return this.#write('lose', [scheduler, lost], (write) =>
      attempts.lose(write, scheduler, lost, taskId, attempt, outcome),
    );
  }

  reserveTurn(fence: Fence, wanted: TurnWanted): Promise<Reservation> {
    return this.#write('reserveTurn', [fence], (write) => spending.reserveTurn(write, fence, wanted));
  }

  settleTurn(fence: Fence, turnId: number, settlement: Settlement): Promise<void> {
    return this.#write('settleTurn', [fence], (write) => spending.settleTurn(write, fence, turnId, settlement));
  }

  holdPool(name: string, by: string, why: string): Promise<void> {
    return this.#write('holdPool', [], (write) => spending.holdPool(write, name, by, why));
  }

  resumePool(name: string): Promise<boolean> {
    return this.#write('resumePool', [], (write) => spending.resumePool(write, name));
  }

  clearPool(name: string): Promise<boolean> {
    return this.#write('clearPool', [], (write) => spending.clearPool(write, name));
  }

  openLanding(train: Fence, intent: landings.LandIntent): Promise<number> {
    return this.#write('openLanding', [train], (write) => landings.openLanding(write, train, intent));
  }

  closeLanding(train: Fence, intentId: number, result: landings.LandingResult): Promise<void> {
    return this.#write('closeLanding', [train], (write) => landings.closeLanding(write, train, intentId, result));
  }

  addVerdict(fence: Fence, verdict: Yard.Verdict): Promise<void> {
    return this.#fenced('addVerdict', fence, ({ tables }) => tables.verdicts.set(verdict.key, { ...verdict }));
  }

  stop(by: string, why: string, fence?: Fence): Promise<void> {
    return this.#fenced('stop', fence, (write) => {
      if (fence !== undefined && write.tables.readControl().stopped !== null) return;
      const stopped = { by, why, atMs: write.nowMs };
      write.tables.control.set('control', { ...write.tables.readControl(), stopped });
      appendEvent(write, 'yard.stopped', { by, why });
    });
  }

  interrupt(by: string, why: string): Promise<Yard.IntentRecord[]> {
    return this.#write('interrupt', [], (write) => kills.interrupt(write, by, why));
  }

  closeKill(intentId: number, fence?: Fence): Promise<void> {
    return this.#fenced('closeKill', fence, (write) => kills.closeKill(write, intentId));
  }

  resetBreaker(): Promise<void> {
    return this.#write('resetBreaker', [], (write) => {
      const control = write.tables.readControl();
      write.tables.control.set('control', { ...control, failuresInARow: 0 });
      appendEvent(write, 'breaker.reset', { inARow: control.failuresInARow });
    });
  }

  resume(): Promise<void> {
    return this.#write('resume', [], (write) => {
      write.tables.control.set('control', { ...write.tables.readControl(), stopped: null, failuresInARow: 0 });
      appendEvent(write, 'yard.resumed', {});
    });
  }

  pause(subject: PauseSubject, by: string, why: string): Promise<void> {
    return this.#write('pause', [], (write) => {
      const control = write.tables.readControl();
      const key = pauseKey(subject);
      const others = control.pauses.filter((pause) => pauseKey(pause.subject) !== key);
      const pauses = [...others, { subject, by, why, atMs: write.nowMs }];
      pauses.sort((a, b) => (pauseKey(a.subject) < pauseKey(b.subject) ? -1 : 1));
      write.tables.control.set('control', { ...control, pauses });
      appendEvent(write, 'yard.paused', { subject: key, by, why });
    });
  }

  unpause(subject: PauseSubject): Promise<boolean> {
    return this.#write('unpause', [], (write) => {
      const control = write.tables.readControl();
      const key = pauseKey(subject);
      const pauses = control.pauses.filter((pause) => pauseKey(pause.subject) !== key);
      if (pauses.length === control.pauses.length) return false;
      write.tables.control.set('control', { ...control, pauses });
      appendEvent(write, 'yard.unpaused', { subject: key });
      return true;
    });
  }

  setCursor(name: string, seq: number): Promise<void> {
    return this.#write('setCursor', [], ({ tables }) => {
      if ((tables.cursors.get(name) ?? -1) < seq) tables.cursors.set(name, seq);
    });
  }

  note(type: string, data: Json, about: Yard.NoteAbout = {}): Promise<void> {
    const { fence, ...subject } = about;
    return this.#fenced('note', fence, (write) => appendEvent(write, type, data, subject));
  }

  /** @param fence what the actor may go by, where a change has no other fence of its own. */
  #fenced<T>(method: keyof Yard.Store, fence: Fence | undefined, change: (write: Write) => T): Promise<T> {
    return this.#write(method, fence === undefined ? [] : [fence], (write) => {
      if (fence !== undefined) leases.requireFence(write, fence);
      return change(write);
    });
  }

  #write<T>(method: keyof Yard.Store, fences: readonly Fence[], change: (write: Write) => T): Promise<T> {
    return this.attempt(() => {
      const { clock, policy, record, acceptsStale = false } = this.#options;
      try {
        const write = { tables: this.tables, nowMs: clock.nowMs(), policy: policy(), acceptsStale };
        const { result, changes } = this.tables.transact(() => change(write));
        if (changes !== null) record?.({ kind: 'commit', method, fences, ...changes });
        return result;
      } catch (error) {
        record?.({ kind: 'write-refused', method, fences, code: codeOf(error) });
        throw error;
      }
    });
  }
}

function codeOf(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}
