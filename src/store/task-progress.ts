import { step } from '../core/step.ts';
import type { Progress } from '../core/step.ts';
import type { TaskEvent } from '../core/task-event.ts';
import type { Counters, TaskState } from '../core/task-state.ts';
import { toTaskRecord } from './sqlite-rows.ts';
import { NoSuchTaskError } from './store.ts';
import type { TaskRecord } from './store.ts';
import { entryOf } from '../core/event-data.ts';
import { appendEvent } from './write.ts';
import type { Write } from './write.ts';

// Invariants:
// 1. `applyEvent` is the only place that changes the state of a task that exists.
// 2. A change of a task's row carries the number of its event (`event_seq`): readers go by it.

/** How far a task has come, and how many attempts it has had. */
export interface StoredProgress extends Progress {
  readonly id: string;
  readonly attempts: number;
}

export async function readProgress(write: Write, taskId: string): Promise<StoredProgress> {
  const row = await write.db
    .selectFrom('tasks')
    .select(['state', 'counters', 'attempts'])
    .where('id', '=', taskId)
    .executeTakeFirst();
  if (row === undefined) throw new NoSuchTaskError(taskId);
  return {
    id: taskId,
    state: JSON.parse(row.state) as TaskState,
    counters: JSON.parse(row.counters) as Counters,
    attempts: row.attempts,
  };
}

export async function readRecord(write: Write, taskId: string): Promise<TaskRecord> {
  const row = await write.db
    .selectFrom('tasks')
    .innerJoin('specs', 'specs.task_id', 'tasks.id')
    .selectAll()
    .where('tasks.id', '=', taskId)
    .executeTakeFirst();
  if (row === undefined) throw new NoSuchTaskError(taskId);
  return toTaskRecord(row);
}

/** Steps the task and appends the event. Throws `IllegalTransitionError` for an event that its state does not admit. */
export async function applyEvent(write: Write, task: StoredProgress, event: TaskEvent): Promise<StoredProgress> {
  const { state, counters } = step(task, event, write.policy);
  const { kind, ...rest } = event;
  const attempts = event.kind === 'leased' ? event.attempt : task.attempts;
  const seq = await appendEvent(
    write,
    `task.${kind}`,
    { ...rest, from: task.state.status, to: state.status, ...entryOf(event, state) },
    { taskId: task.id, attempt: attemptOf(task.state) ?? attemptOf(state) },
  );
  await write.db
    .updateTable('tasks')
    .set({
      status: state.status,
      state: JSON.stringify(state),
      counters: JSON.stringify(counters),
      attempts,
      updated_ms: write.nowMs,
      event_seq: seq,
    })
    .where('id', '=', task.id)
    .execute();
  return { id: task.id, state, counters, attempts };
}

function attemptOf(state: TaskState): number | null {
  return 'attempt' in state ? state.attempt : null;
}
