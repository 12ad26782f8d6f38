import type { AttemptOutcome, AttemptPhase } from '../core/attempt.ts';
import type { Lease, LeaseResource } from '../core/lease.ts';
import { parsePauseKey } from '../core/pause.ts';
import { NO_COUNTERS, READY } from '../core/task-state.ts';
import type { Counters, TaskState } from '../core/task-state.ts';
import type { TaskSpec } from '../core/task.ts';
import type { Json, YardEvent } from '../core/yard-event.ts';
import type {
  AttemptTable,
  ControlTable,
  IntentTable,
  LeaseTable,
  PauseTable,
  SpecTable,
  TaskTable,
} from './schema.ts';
import type { AttemptRecord, Control, Intent, IntentRecord, TaskRecord, TaskRow, TaskSource } from './store.ts';

// From what SQLite holds to what the program speaks of. What stands in a column was written by this program (a store of
// another one is refused at opening), so it is believed.

// Ten thousand rows are read at once by a process that has just started. So: arrays, not objects; indexes, not
// destructuring (which runs an iterator); and null for the values that most rows have, which need no text and no parser.

/** The columns of a {@link TaskTuple}, in its order. */
export const TASK_COLUMNS = `
  id, title, area, priority, owns, nullif("after", '[]'), gate, agent, has_acceptance, source_path, source_hash,
  nullif(state, '${JSON.stringify(READY)}'), nullif(counters, '${JSON.stringify(NO_COUNTERS)}'), attempts, updated_ms`;

export type TaskTuple = readonly [
  id: string,
  title: string,
  area: string | null,
  priority: number,
  owns: string,
  after: string | null,
  gate: string | null,
  agent: string | null,
  hasAcceptance: number,
  sourcePath: string | null,
  sourceHash: string | null,
  state: string | null,
  counters: string | null,
  attempts: number,
  updatedMs: number,
];

export function toTaskRow(tuple: TaskTuple): TaskRow {
  return {
    id: tuple[0],
    title: tuple[1],
    area: tuple[2],
    priority: tuple[3],
    owns: JSON.parse(tuple[4]) as string[],
    after: tuple[5] === null ? [] : (JSON.parse(tuple[5]) as string[]),
    gate: tuple[6],
    agent: tuple[7],
    hasAcceptance: tuple[8] === 1,
    source: toSource(tuple[9], tuple[10]),
    state: tuple[11] === null ? READY : (JSON.parse(tuple[11]) as TaskState),
    counters: tuple[12] === null ? NO_COUNTERS : (JSON.parse(tuple[12]) as Counters),
    attempts: tuple[13],
    updatedMs: tuple[14],
  };
}

export function toTaskRecord(row: TaskTable & SpecTable): TaskRecord {
  return {
    spec: JSON.parse(row.spec) as TaskSpec,
    source: toSource(row.source_path, row.source_hash),
    state: JSON.parse(row.state) as TaskState,
    counters: JSON.parse(row.counters) as Counters,
    attempts: row.attempts,
    createdMs: row.created_ms,
    updatedMs: row.updated_ms,
  };
}

export function toAttempt(row: AttemptTable): AttemptRecord {
  return {
    taskId: row.task_id,
    attempt: row.attempt,
    token: row.token,
    phase: row.phase as AttemptPhase,
    outcome: row.outcome === null ? null : (JSON.parse(row.outcome) as AttemptOutcome),
    signature: row.signature,
    agent: row.agent,
    pool: row.pool,
    run: row.run,
    base: row.base,
    head: row.head,
    startedMs: row.started_ms,
    finishedMs: row.finished_ms,
    activityMs: row.activity_ms,
    activity: row.activity,
  };
}

export function toLease(row: LeaseTable): Lease {
  const { boot_id: bootId, owner_pid: pid, owner_start: startTime } = row;
  return {
    resource: row.resource as LeaseResource,
    token: row.token,
    owner: pid === null || startTime === null ? null : { bootId, pid, startTime },
    bootId,
    expiresMonotonicMs: row.expires_ms,
  };
}

export function toIntent(row: Pick<IntentTable, 'body' | 'opened_ms'> & { readonly id: number }): IntentRecord {
  return { id: row.id, intent: JSON.parse(row.body) as Intent, openedMs: row.opened_ms };
}

export function toControl(row: ControlTable, pauses: readonly PauseTable[]): Control {
  const { stopped_by: by, stopped_why: why, stopped_at_ms: atMs } = row;
  return {
    stopped: by === null || why === null || atMs === null ? null : { by, why, atMs },
    pauses: pauses.flatMap(({ subject: key, paused_by, why: reason, at_ms }) => {
      const subject = parsePauseKey(key);
      return subject === null ? [] : [{ subject, by: paused_by, why: reason, atMs: at_ms }];
    }),
    failuresInARow: row.failures_in_a_row,
  };
}

export interface EventRow {
  readonly seq: number;
  readonly at_ms: number;
  readonly task_id: string | null;
  readonly attempt: number | null;
  readonly type: string;
  readonly data: string;
}

export function toEvent(row: EventRow): YardEvent {
  const { seq, at_ms: atMs, task_id: taskId, attempt, type } = row;
  return { seq, atMs, taskId, attempt, type, data: JSON.parse(row.data) as Json };
}

function toSource(path: string | null, hash: string | null): TaskSource | null {
  return path === null || hash === null ? null : { path, hash };
}
