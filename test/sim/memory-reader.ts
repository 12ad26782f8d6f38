import { compareIds } from '../../src/core/frontier.ts';
import type { Spend, SpendKey } from '../../src/core/budget.ts';
import type { Lease, LeaseResource } from '../../src/core/lease.ts';
import { TASK_STATUSES, isFinal } from '../../src/core/task-state.ts';
import type { TaskState, TaskStatus } from '../../src/core/task-state.ts';
import type { YardEvent } from '../../src/core/yard-event.ts';
import type { CostGroup, CostKey, SpendingView, TurnRecord } from '../../src/store/spending.ts';
import type * as Yard from '../../src/store/store.ts';
import { toLease } from './memory-leases.ts';
import type { MemoryTables } from './memory-tables.ts';
import { endedAttempts, listTasks } from './memory-lists.ts';
import { costs, spendAt, spending, turnsOf } from './memory-spending.ts';
import { dependenciesOf, partOf } from './memory-view.ts';

/** Reads what one handle may see: everything, until it is closed. */
export class MemoryReader implements Yard.StoreReader {
  protected readonly tables: MemoryTables;
  #isClosed = false;

  constructor(tables: MemoryTables) {
    this.tables = tables;
  }

  task(id: string): Promise<Yard.TaskRecord | null> {
    return this.attempt(() => this.tables.tasks.get(id)?.record ?? null);
  }

  rows(statuses: readonly TaskStatus[] = TASK_STATUSES): Promise<Yard.TaskRow[]> {
    return this.attempt(() => this.#rows().filter(({ state }) => statuses.includes(state.status)));
  }

  list(filter: Yard.TaskFilter): Promise<Yard.ListedTask[]> {
    return this.attempt(() => listTasks(this.tables, filter));
  }

  view(): Promise<Yard.StoreView> {
    return this.attempt(() => this.#view());
  }

  viewOf(part: Yard.Part): Promise<Yard.StoreView> {
    return this.attempt(() => this.#viewWith(partOf(this.#rows(), part)));
  }

  overview(wanted: Yard.OverviewWanted): Promise<Yard.Overview> {
    return this.attempt(() => {
      const newest = this.tables.tasks.values().at(-1);
      const finished = this.#finished();
      return {
        view: this.#viewWith(partOf(this.#rows(), { first: wanted.ready, ids: [] })),
        counts: this.#counts(),
        running: this.#running(),
        importedMs: newest?.record.createdMs ?? 0,
        finished: finished.slice(Math.max(0, finished.length - wanted.finished)),
      };
    });
  }

  countByStatus(): Promise<Record<TaskStatus, number>> {
    return this.attempt(() => this.#counts());
  }

  taskIds({ prefix, statuses, limit }: Yard.IdsWanted): Promise<string[]> {
    return this.attempt(() => {
      const meant = this.#rows().filter(({ id, state }) => id.startsWith(prefix) && statuses.includes(state.status));
      return meant
        .map(({ id }) => id)
        .toSorted((a, b) => compareIds(b, a))
        .slice(0, limit);
    });
  }

  attempts(taskId: string): Promise<Yard.AttemptRecord[]> {
    return this.attempt(() => [...(this.tables.attempts.get(taskId) ?? [])]);
  }

  runningAttempts(): Promise<Yard.AttemptRecord[]> {
    return this.attempt(() => this.#running());
  }

  endedAttempts(among: number): Promise<Yard.AttemptRecord[]> {
    return this.attempt(() => endedAttempts(this.tables, among));
  }

  leases(): Promise<Lease[]> {
    return this.attempt(() => this.#leases());
  }

  lease(resource: LeaseResource): Promise<Lease | null> {
    return this.attempt(() => {
      const lease = this.tables.leases.get(resource);
      return lease?.held === true ? toLease(lease) : null;
    });
  }

  openIntents(): Promise<Yard.IntentRecord[]> {
    return this.attempt(() => this.#intents());
  }

  answers(taskId: string): Promise<Yard.Answer[]> {
    return this.attempt(() => [...(this.tables.answers.get(taskId) ?? [])]);
  }

  isApproved(taskId: string, hash: string): Promise<boolean> {
    return this.attempt(() => this.tables.approvals.get(taskId)?.some((entry) => entry.hash === hash) === true);
  }

  verdict(key: string): Promise<Yard.Verdict | null> {
    return this.attempt(() => this.tables.verdicts.get(key) ?? null);
  }

  control(): Promise<Yard.Control> {
    return this.attempt(() => this.tables.readControl());
  }

  events({
    sinceSeq = 0,
    untilSeq = Infinity,
    taskId,
    types,
    limit = Infinity,
    newest = false,
  }: Yard.EventFilter): Promise<YardEvent[]> {
    return this.attempt(() => {
      const since = this.tables.events.slice(Math.max(0, sinceSeq), Math.max(0, untilSeq));
      const found = since.filter(
        (event) =>
          (taskId === undefined || event.taskId === taskId) && (types === undefined || types.includes(event.type)),
      );
      return newest ? found.slice(Math.max(0, found.length - limit)) : found.slice(0, limit);
    });
  }

  seqBefore(ms: number): Promise<number> {
    return this.attempt(() => {
      const later = this.tables.events.filter(({ atMs }) => atMs >= ms);
      const [first] = later.toSorted((a, b) => a.atMs - b.atMs || a.seq - b.seq);
      return first === undefined ? this.tables.events.length : first.seq - 1;
    });
  }

  headlines(ids: readonly string[]): Promise<Map<string, Yard.Headline>> {
    return this.attempt(() => {
      const records = this.tables.tasks.values().map(({ record }) => record);
      const named = records.filter(({ spec }) => ids.includes(spec.id));
      return new Map(named.map(({ spec, createdMs }) => [spec.id, { title: spec.title, createdMs }]));
    });
  }

  cursor(name: string): Promise<number | null> {
    return this.attempt(() => this.tables.cursors.get(name) ?? null);
  }

  archive(): Promise<Yard.Archive> {
    return this.attempt(() => {
      const { tables } = this;
      const tasks = tables.tasks.values().map(({ record }) => record);
      const of = <Row extends object>(table: { get: (key: string) => readonly Row[] | undefined }) =>
        tasks.flatMap(({ spec: { id: taskId } }) => (table.get(taskId) ?? []).map((row) => ({ taskId, ...row })));
      return {
        lastSeq: tables.events.length,
        tasks,
        attempts: of(tables.attempts),
        answers: of(tables.answers),
        approvals: of(tables.approvals),
      };
    });
  }

  version(): Promise<number> {
    return this.attempt(() => this.tables.version);
  }

  spending(): Promise<SpendingView> {
    return this.attempt(() => spending(this.tables));
  }

  turns(taskId: string): Promise<TurnRecord[]> {
    return this.attempt(() => turnsOf(this.tables, taskId));
  }

  costs(by: CostKey, days: { readonly from: number; readonly to: number }): Promise<CostGroup[]> {
    return this.attempt(() => costs(this.tables, by, days));
  }

  spend(key: SpendKey): Promise<Spend> {
    return this.attempt(() => spendAt(this.tables, key));
  }

  close(): Promise<void> {
    this.#isClosed = true;
    return Promise.resolve();
  }

  /** At once, as one step; what it throws is thrown by the promise. */
  protected attempt<T>(act: () => T): Promise<T> {
    return Promise.try(() => {
      if (this.#isClosed) throw new Error('the store is closed');
      return act();
    });
  }

  #rows(): Yard.TaskRow[] {
    return this.tables.tasks.values().map(({ row }) => row);
  }

  #view(): Yard.StoreView {
    return this.#viewWith(this.#rows().filter(({ state }) => !isFinal(state.status)));
  }

  #viewWith(rows: readonly Yard.TaskRow[]): Yard.StoreView {
    const stateOf = (id: string): TaskState | undefined => this.tables.tasks.get(id)?.record.state;
    return {
      rows,
      ...dependenciesOf(rows, stateOf),
      leases: this.#leases(),
      intents: this.#intents(),
      control: this.tables.readControl(),
      spending: spending(this.tables),
    };
  }

  #counts(): Record<TaskStatus, number> {
    const counts = Object.fromEntries(TASK_STATUSES.map((status) => [status, 0])) as Record<TaskStatus, number>;
    for (const { state } of this.#rows()) counts[state.status] += 1;
    return counts;
  }

  #running(): Yard.AttemptRecord[] {
    return this.#rows().flatMap(({ id, state, attempts }) => {
      if (state.status !== 'running') return [];
      return (this.tables.attempts.get(id) ?? []).filter(({ attempt }) => attempt === attempts);
    });
  }

  /** In the order of their ids. */
  #finished(): Yard.FinishedRow[] {
    return this.#rows()
      .filter(({ state }) => isFinal(state.status))
      .toSorted((a, b) => compareIds(a.id, b.id))
      .map(({ id, title, state: { status }, attempts, area, priority }) => {
        return { id, title, status, attempts, area, priority };
      });
  }

  #leases(): Lease[] {
    return this.tables.leases
      .values()
      .filter(({ held }) => held)
      .map(toLease);
  }

  #intents(): Yard.IntentRecord[] {
    return this.tables.intents
      .values()
      .filter(({ closedMs }) => closedMs === null)
      .map(({ closedMs: _, ...record }) => Object.freeze(record));
  }
}
