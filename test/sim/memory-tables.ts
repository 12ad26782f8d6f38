import type { Spend, SpendKey } from '../../src/core/budget.ts';
import type { Lease, LeaseResource } from '../../src/core/lease.ts';
import type { PoolState } from '../../src/core/pool.ts';
import type { TurnRecord } from '../../src/store/spending.ts';
import type { Json, YardEvent } from '../../src/core/yard-event.ts';
import type {
  Answer,
  Archive,
  AttemptRecord,
  Control,
  IntentRecord,
  TaskRecord,
  TaskRow,
  Verdict,
} from '../../src/store/store.ts';
import { freeze, frozenJson } from './frozen.ts';

// Invariants:
// 1. Rows are frozen all the way down and replaced, never changed: they can be handed out as they are.
// 2. Every change is made in a transaction, by `Table.set` or `append`, which write down how to take it back.

/** A task twice: in full, and as planners read it. */
export interface StoredTask {
  readonly record: TaskRecord;
  readonly row: TaskRow;
}

/** Stays when it is given back, so that its token only grows. */
export interface StoredLease extends Lease {
  readonly held: boolean;
}

export interface StoredIntent extends IntentRecord {
  readonly closedMs: number | null;
}

/** What one transaction changed that a history tells of. */
interface Changes {
  readonly events: YardEvent[];
  readonly leases: StoredLease[];
}

const NO_CONTROL: Control = Object.freeze({ stopped: null, pauses: [], failuresInARow: 0 });

type Undo = (() => void)[];

class Table<Key, Row> {
  readonly #rows = new Map<Key, Row>();
  readonly #undo: Undo;

  constructor(undo: Undo) {
    this.#undo = undo;
  }

  get(key: Key): Row | undefined {
    return this.#rows.get(key);
  }

  get size(): number {
    return this.#rows.size;
  }

  keys(): Key[] {
    return [...this.#rows.keys()];
  }

  /** In the order in which their keys came. */
  values(): Row[] {
    return [...this.#rows.values()];
  }

  set(key: Key, row: Row): void {
    const before = this.#rows.get(key);
    this.#undo.push(() => {
      if (before === undefined) this.#rows.delete(key);
      else this.#rows.set(key, before);
    });
    this.#rows.set(key, freeze(row));
  }
}

/** All that a store holds, as plain data, for as many handles as are opened on it. */
export class MemoryTables {
  readonly #undo: Undo = [];
  readonly #events: YardEvent[] = [];
  #changes: Changes | null = null;
  #version = 0;

  readonly tasks = new Table<string, StoredTask>(this.#undo);
  /** By `taskIdKey`: the id that has it. */
  readonly taskIds = new Table<string, string>(this.#undo);
  /** By task, the oldest first. */
  readonly attempts = new Table<string, readonly AttemptRecord[]>(this.#undo);
  readonly leases = new Table<LeaseResource, StoredLease>(this.#undo);
  readonly intents = new Table<number, StoredIntent>(this.#undo);
  /** By task, the oldest first. */
  readonly answers = new Table<string, readonly Answer[]>(this.#undo);
  readonly approvals = new Table<string, readonly Omit<Archive['approvals'][number], 'taskId'>[]>(this.#undo);
  readonly pools = new Table<string, PoolState>(this.#undo);
  readonly turns = new Table<number, TurnRecord>(this.#undo);
  /** By scope and period. */
  readonly spends = new Table<string, SpendKey & Spend>(this.#undo);
  readonly cursors = new Table<string, number>(this.#undo);
  readonly verdicts = new Table<string, Verdict>(this.#undo);
  readonly control = new Table<'control', Control>(this.#undo);

  /** The event of number n stands at n - 1. */
  get events(): readonly YardEvent[] {
    return this.#events;
  }

  readControl(): Control {
    return this.control.get('control') ?? NO_CONTROL;
  }

  /** How many transactions changed something. */
  get version(): number {
    return this.#version;
  }

  /** All of it, or (where it throws) nothing. Returns what it changed; null: nothing. */
  transact<T>(change: () => T): { readonly result: T; readonly changes: Changes | null } {
    if (this.#changes !== null) throw new Error('a transaction within a transaction');
    const changes: Changes = { events: [], leases: [] };
    this.#changes = changes;
    try {
      const result = change();
      const isChanged = this.#undo.length > 0;
      if (isChanged) this.#version += 1;
      this.#undo.length = 0;
      return { result, changes: isChanged ? changes : null };
    } catch (error) {
      for (const undo of this.#undo.toReversed()) undo();
      this.#undo.length = 0;
      throw error;
    } finally {
      this.#changes = null;
    }
  }

  append(event: Omit<YardEvent, 'seq' | 'data'> & { readonly data: unknown }): void {
    const whole = freeze({ ...event, seq: this.#events.length + 1, data: frozenJson(event.data) as Json });
    this.#undo.push(() => this.#events.pop());
    this.#events.push(whole);
    this.#changes?.events.push(whole);
  }

  setLease(lease: StoredLease): void {
    this.leases.set(lease.resource, lease);
    this.#changes?.leases.push(lease);
  }
}
