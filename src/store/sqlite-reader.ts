import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import type { Spend, SpendKey } from '../core/budget.ts';
import type { Lease, LeaseResource } from '../core/lease.ts';
import { TASK_STATUSES, isFinal } from '../core/task-state.ts';
import type { TaskState, TaskStatus } from '../core/task-state.ts';
import type { YardEvent } from '../core/yard-event.ts';
import * as account from './account-reader.ts';
import * as cost from './spending-reader.ts';
import type { CostGroup, CostKey, SpendingView, TurnRecord } from './spending.ts';
import type { AttemptTable, ControlTable, LeaseTable, PauseTable, SpecTable, TaskTable } from './schema.ts';
import { openForReading, readNumber } from './sqlite-connection.ts';
import { storeError } from './sqlite-errors.ts';
import {
  TASK_COLUMNS,
  toAttempt,
  toControl,
  toEvent,
  toIntent,
  toLease,
  toTaskRecord,
  toTaskRow,
} from './sqlite-rows.ts';
import type { EventRow, TaskTuple } from './sqlite-rows.ts';
import { listQuery, toListed } from './task-list.ts';
import type { ListTuple } from './task-list.ts';
import type * as Yard from './store.ts';

// Invariants:
// 1. Loads neither kysely nor zod: `yard status` starts with this file.
// 2. No transaction is open between two calls: one that stays open keeps the log from being cut.
// 3. What `view` keeps between calls is as of event `#seenSeq`: every change of a task row carries a newer one.

const LIVE = listOf(TASK_STATUSES.filter((status) => !isFinal(status)));
const BUSY = listOf(TASK_STATUSES.filter((status) => !isFinal(status) && status !== 'ready'));
const FINAL = listOf(TASK_STATUSES.filter((status) => isFinal(status)));
/** Together with the constant parts below, each statement is prepared once. */
const SELECT_TASKS = `select ${TASK_COLUMNS} from tasks`;
/** As `compareIds` has it: `TASK-9` before `TASK-10`. */
const ID_KEYS = [`substr(id, 1, instr(id, '-'))`, `cast(substr(id, instr(id, '-') + 1) as integer)`, 'id'];
const NEWEST_IDS_FIRST = `order by ${ID_KEYS.map((key) => `${key} desc`).join(', ')}`;
const NEWEST_CREATED_MS = 'select coalesce((select created_ms from tasks order by rowid desc limit 1), 0)';
/** The first so many ready tasks, those of a list, and all ready ones that these wait for. The plus: by their ids. */
const SELECT_READY_PART = `${SELECT_TASKS} where +status = 'ready' and id in (
  with recursive
    first (id) as (select id from tasks where status = 'ready' order by priority desc, ${ID_KEYS.join(', ')} limit ?),
    part (id) as (
      select id from first
      union select value from json_each(?)
      union select needed.value from part join tasks using (id), json_each(tasks."after") needed
        where tasks.status in (${LIVE})
    )
  select id from part)`;
const SELECT_FINISHED = `select id, title, status, attempts, area, priority from tasks where status in (${FINAL})`;
/** Rows are never removed, so that their numbers tell which were made last: there is no index by time. */
const SELECT_ENDED = `select * from (select rowid as started, * from attempts order by rowid desc limit ?)
  where finished_ms is not null`;
const SELECT_EVENTS = 'select * from events where seq > ?';

function listOf(statuses: readonly TaskStatus[]): string {
  return statuses.map((status) => `'${status}'`).join(', ');
}

/** A reader of the store at `path`; null while there is none. Throws a `UserError` for one that cannot be read. */
export function openReader(path: string): SqliteReader | null {
  const db = openForReading(path);
  return db === null ? null : new SqliteReader(db, path);
}

/** Reads a store through a connection of its own, by plain statements. */
export class SqliteReader implements Yard.StoreReader {
  readonly #db: DatabaseSync;
  readonly #path: string;
  readonly #statements = new Map<string, StatementSync>();
  readonly #live = new Map<string, Yard.TaskRow>();
  #seenSeq: number | null = null;

  constructor(db: DatabaseSync, path: string) {
    this.#db = db;
    this.#path = path;
  }

  task(id: string): Promise<Yard.TaskRecord | null> {
    return this.#read(() => {
      const sql = 'select t.*, s.spec from tasks t join specs s on s.task_id = t.id where t.id = ?';
      const [row] = this.#all<TaskTable & SpecTable>(sql, id);
      return row === undefined ? null : toTaskRecord(row);
    });
  }

  rows(statuses?: readonly TaskStatus[]): Promise<Yard.TaskRow[]> {
    return this.#read(() => {
      const tuples =
        statuses === undefined
          ? this.#tuples(SELECT_TASKS)
          : this.#tuples(`${SELECT_TASKS} where status in (select value from json_each(?))`, JSON.stringify(statuses));
      return tuples.map(toTaskRow);
    });
  }

  list(filter: Yard.TaskFilter): Promise<Yard.ListedTask[]> {
    return this.#read(() => {
      const { sql, parameters } = listQuery(filter);
      return this.#arrays<ListTuple>(sql, ...parameters).map(toListed);
    });
  }

  view(): Promise<Yard.StoreView> {
    return this.#atOnce(() => this.#view());
  }

  viewOf(part: Yard.Part): Promise<Yard.StoreView> {
    return this.#atOnce(() => this.#viewOf(part));
  }

  overview(wanted: Yard.OverviewWanted): Promise<Yard.Overview> {
    return this.#atOnce(() => ({
      view: this.#viewOf({ first: wanted.ready, ids: [] }),
      counts: this.#counts(),
      running: this.#running(),
      importedMs: readNumber(this.#db, NEWEST_CREATED_MS),
      finished: this.#finished(wanted.finished),
    }));
  }

  countByStatus(): Promise<Record<TaskStatus, number>> {
    return this.#read(() => this.#counts());
  }

  taskIds({ prefix, statuses, limit }: Yard.IdsWanted): Promise<string[]> {
    return this.#read(() => {
      const sql = `select id from tasks where substr(id, 1, length(?)) = ? and status in (select value from json_each(?))
        ${NEWEST_IDS_FIRST} limit ?`;
      const rows = this.#all<{ id: string }>(sql, prefix, prefix, JSON.stringify(statuses), limit);
      return rows.map(({ id }) => id);
    });
  }

  attempts(taskId: string): Promise<Yard.AttemptRecord[]> {
    return this.#read(() =>
      this.#all<AttemptTable>('select * from attempts where task_id = ? order by attempt', taskId).map(toAttempt),
    );
  }

  runningAttempts(): Promise<Yard.AttemptRecord[]> {
    return this.#read(() => this.#running());
  }

  endedAttempts(among: number): Promise<Yard.AttemptRecord[]> {
    return this.#read(() =>
      this.#all<AttemptTable>(`${SELECT_ENDED} order by finished_ms desc, started desc`, among).map(toAttempt),
    );
  }

  leases(): Promise<Lease[]> {
    return this.#read(() => this.#leases());
  }

  lease(resource: LeaseResource): Promise<Lease | null> {
    return this.#read(() => {
      const [row] = this.#all<LeaseTable>('select * from leases where resource = ? and held = 1', resource);
      return row === undefined ? null : toLease(row);
    });
  }

  openIntents(): Promise<Yard.IntentRecord[]> {
    return this.#read(() => this.#intents());
  }

  answers(taskId: string): Promise<Yard.Answer[]> {
    return this.#read(() => {
      const sql = 'select attempt, question, answer, at_ms as atMs from answers where task_id = ? order by id';
      return this.#all<Yard.Answer>(sql, taskId).map((row) => ({ ...row }));
    });
  }

  isApproved(taskId: string, hash: string): Promise<boolean> {
    return this.#read(
      () => this.#all('select 1 from approvals where task_id = ? and hash = ?', taskId, hash).length > 0,
    );
  }

  verdict(key: string): Promise<Yard.Verdict | null> {
    return this.#read(() => {
      const sql =
        'select key, tree, gate, at_ms as atMs, duration_ms as durationMs, evidence from verdicts where key = ?';
      const [row] = this.#all<Yard.Verdict>(sql, key);
      return row === undefined ? null : { ...row };
    });
  }

  control(): Promise<Yard.Control> {
    return this.#read(() => this.#control());
  }

  events(filter: Yard.EventFilter): Promise<YardEvent[]> {
    return this.#read(() => {
      const { sinceSeq = 0, untilSeq, taskId, types, limit = -1, newest = false } = filter;
      const parameters: SQLInputValue[] = [sinceSeq];
      let sql = SELECT_EVENTS;
      if (untilSeq !== undefined) {
        sql += ' and seq <= ?';
        parameters.push(untilSeq);
      }
      if (taskId !== undefined) {
        sql += ' and task_id = ?';
        parameters.push(taskId);
      }
      if (types !== undefined) {
        sql += ' and type in (select value from json_each(?))';
        parameters.push(JSON.stringify(types));
      }
      sql += ` order by seq ${newest ? 'desc' : 'asc'} limit ?`;
      const events = this.#all<EventRow>(sql, ...parameters, limit).map(toEvent);
      return newest ? events.toReversed() : events;
    });
  }

  seqBefore(ms: number): Promise<number> {
    return this.#read(() => account.seqBefore((sql, ...parameters) => this.#all(sql, ...parameters), ms));
  }

  headlines(ids: readonly string[]): Promise<Map<string, Yard.Headline>> {
    return this.#read(() => account.headlines((sql, ...parameters) => this.#all(sql, ...parameters), ids));
  }

  cursor(name: string): Promise<number | null> {
    return this.#read(() => account.cursor((sql, ...parameters) => this.#all(sql, ...parameters), name));
  }

  archive(): Promise<Yard.Archive> {
    return this.#atOnce(() => account.archive((sql, ...parameters) => this.#all(sql, ...parameters)));
  }

  spending(): Promise<SpendingView> {
    return this.#atOnce(() => this.#spending());
  }

  turns(taskId: string): Promise<TurnRecord[]> {
    return this.#read(() => cost.turns((sql, ...parameters) => this.#all(sql, ...parameters), taskId));
  }

  costs(by: CostKey, days: { readonly from: number; readonly to: number }): Promise<CostGroup[]> {
    return this.#read(() => cost.costs((sql, ...parameters) => this.#all(sql, ...parameters), by, days));
  }

  spend(key: SpendKey): Promise<Spend> {
    return this.#read(() => cost.spend((sql, ...parameters) => this.#all(sql, ...parameters), key));
  }

  version(): Promise<number> {
    // Counts what other connections committed; all writes are made by others than this one.
    return this.#read(() => readNumber(this.#db, 'pragma data_version'));
  }

  close(): Promise<void> {
    return this.#read(() => {
      if (this.#db.isOpen) this.#db.close();
    });
  }

  #view(): Yard.StoreView {
    this.#refresh();
    return this.#viewWith(this.#live);
  }

  #viewOf({ first, ids }: Yard.Part): Yard.StoreView {
    const tuples = [
      ...this.#tuples(`${SELECT_TASKS} where status in (${BUSY})`),
      ...this.#tuples(SELECT_READY_PART, first, JSON.stringify(ids)),
    ];
    return this.#viewWith(new Map(tuples.map((tuple) => [tuple[0], toTaskRow(tuple)])));
  }

  #viewWith(rows: ReadonlyMap<string, Yard.TaskRow>): Yard.StoreView {
    return {
      rows: [...rows.values()],
      ...this.#dependencies(rows),
      leases: this.#leases(),
      intents: this.#intents(),
      control: this.#control(),
      spending: this.#spending(),
    };
  }

  #spending(): SpendingView {
    return cost.spending((sql, ...parameters) => this.#all(sql, ...parameters));
  }

  #counts(): Record<TaskStatus, number> {
    const counts = Object.fromEntries(TASK_STATUSES.map((status) => [status, 0])) as Record<TaskStatus, number>;
    const sql = 'select status, count(*) as count from tasks group by status';
    for (const { status, count } of this.#all<{ status: TaskStatus; count: number }>(sql)) counts[status] = count;
    return counts;
  }

  #running(): Yard.AttemptRecord[] {
    const sql = `select a.* from tasks t join attempts a on a.task_id = t.id and a.attempt = t.attempts
      where t.status = 'running'`;
    return this.#all<AttemptTable>(sql).map(toAttempt);
  }

  #finished(newest: number): Yard.FinishedRow[] {
    type Row = Yard.FinishedRow;
    return this.#all<Row>(`${SELECT_FINISHED} ${NEWEST_IDS_FIRST} limit ?`, newest)
      .toReversed()
      .map((row) => ({ ...row }));
  }

  /** Brings `#live` to the state of the open transaction: at first all live rows, from then on the changed ones. */
  #refresh(): void {
    if (this.#seenSeq === null) this.#live.clear();
    const [newest] = this.#all<{ seq: number | null }>('select max(seq) as seq from events');
    const tuples =
      this.#seenSeq === null
        ? this.#tuples(`${SELECT_TASKS} where status in (${LIVE})`)
        : this.#tuples(`${SELECT_TASKS} where event_seq > ?`, this.#seenSeq);
    for (const tuple of tuples) {
      const row = toTaskRow(tuple);
      if (isFinal(row.state.status)) this.#live.delete(row.id);
      else this.#live.set(row.id, row);
    }
    this.#seenSeq = newest?.seq ?? 0;
  }

  #dependencies(rows: ReadonlyMap<string, Yard.TaskRow>): Pick<Yard.StoreView, 'dependencies' | 'successors'> {
    const wanted = new Set<string>();
    for (const row of rows.values()) {
      for (const id of row.after) if (!rows.has(id)) wanted.add(id);
    }
    const dependencies = new Map<string, TaskStatus>();
    const successors = new Map<string, string>();
    if (wanted.size === 0) return { dependencies, successors };
    const sql = `select id, status, case status when 'superseded' then state end as state
      from tasks where id in (select value from json_each(?))`;
    type Row = { id: string; status: TaskStatus; state: string | null };
    for (const { id, status, state } of this.#all<Row>(sql, JSON.stringify([...wanted]))) {
      const end = state === null ? null : this.#endOfChain(id, state);
      dependencies.set(id, end?.status ?? status);
      if (end !== null) successors.set(id, end.id);
    }
    return { dependencies, successors };
  }

  /** Null when the chain ends nowhere: its successor does not exist, or the chain is a circle. */
  #endOfChain(start: string, startState: string): { readonly id: string; readonly status: TaskStatus } | null {
    const seen = new Set([start]);
    let id = start;
    let state = JSON.parse(startState) as TaskState;
    while (state.status === 'superseded') {
      if (seen.has(state.by)) return null;
      seen.add(state.by);
      id = state.by;
      const [row] = this.#all<{ state: string }>('select state from tasks where id = ?', id);
      if (row === undefined) return null;
      state = JSON.parse(row.state) as TaskState;
    }
    return { id, status: state.status };
  }

  #leases(): Lease[] {
    return this.#all<LeaseTable>('select * from leases where held = 1').map(toLease);
  }

  #intents(): Yard.IntentRecord[] {
    type Row = { id: number; body: string; opened_ms: number };
    // The plus keeps SQLite from going through all intents there ever were, for the sake of their order.
    return this.#all<Row>('select id, body, opened_ms from intents where closed_ms is null order by +id').map(toIntent);
  }

  #control(): Yard.Control {
    const [row] = this.#all<ControlTable>('select * from control');
    if (row === undefined) throw new Error(`the store ${this.#path} has lost its control row`);
    return toControl(row, this.#all<PauseTable>('select * from pauses order by subject'));
  }

  /** As {@link SqliteReader.#read}, with several statements that see the same state. */
  #atOnce<T>(act: () => T): Promise<T> {
    return this.#read(() => {
      this.#db.exec('begin');
      try {
        return act();
      } finally {
        if (this.#db.isTransaction) this.#db.exec('rollback');
      }
    });
  }

  #read<T>(act: () => T): Promise<T> {
    return Promise.try(() => {
      try {
        return act();
      } catch (error) {
        throw storeError(error, this.#path);
      }
    });
  }

  /** The rows have the columns that the statement names; `Row` says so to the compiler. */
  #all<Row>(sql: string, ...parameters: SQLInputValue[]): Row[] {
    return this.#prepare(sql).all(...parameters) as unknown[] as Row[];
  }

  #tuples(sql: string, ...parameters: SQLInputValue[]): TaskTuple[] {
    return this.#arrays<TaskTuple>(sql, ...parameters);
  }

  /** As `#all`, each row an array. */
  #arrays<Row>(sql: string, ...parameters: SQLInputValue[]): Row[] {
    const statement = this.#prepare(sql);
    statement.setReturnArrays(true);
    return statement.all(...parameters) as unknown[] as Row[];
  }

  #prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#db.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}
