import { IllegalTransitionError, step } from '../core/step.ts';
import type { TaskEvent } from '../core/task-event.ts';
import type { TaskState } from '../core/task-state.ts';
import { endAttempt } from './attempt-writes.ts';
import { killAttempt } from './kill-writes.ts';
import { HashMismatchError } from './store.ts';
import type { TaskRecord } from './store.ts';
import { applyEvent, readProgress, readRecord } from './task-progress.ts';
import type { StoredProgress } from './task-progress.ts';
import type { Write } from './write.ts';

export type Withdrawal = TaskEvent & { kind: 'cancelled' | 'superseded' | 'parked' };

export async function transition(write: Write, taskId: string, event: TaskEvent): Promise<TaskRecord> {
  const task = await readProgress(write, taskId);
  if (event.kind === 'cancelled' || event.kind === 'superseded' || event.kind === 'parked') {
    await withdrawTask(write, task, event);
  } else {
    // An event that the state does not admit comes from a race; one that belongs to another method is a bug.
    step(task, event, write.policy);
    refuseHalfChanges(task.state, event);
    await applyEvent(write, task, event);
  }
  return readRecord(write, taskId);
}

export async function withdraw(write: Write, taskId: string, event: Withdrawal): Promise<TaskRecord> {
  await withdrawTask(write, await readProgress(write, taskId), event);
  return readRecord(write, taskId);
}

/** Cancels, supersedes or parks; a running attempt ends as `cancelled`, its token is void, and its processes are to be killed. */
export async function withdrawTask(write: Write, task: StoredProgress, event: Withdrawal): Promise<void> {
  if (event.kind === 'superseded' && (await leadsTo(write, event.by, task.id))) {
    throw new IllegalTransitionError(task.state.status, event.kind);
  }
  if (task.state.status === 'running') {
    await endAttempt(write, task.id, task.state.attempt, { kind: 'cancelled' });
    await killAttempt(write, task.id, task.state.attempt);
  }
  await applyEvent(write, task, event);
}

/**
 * Whether the task, or who has taken its place by now, is `end`. Of two that take each other's place nothing would be
 * left to do: the second supersession is refused.
 */
export async function leadsTo(write: Write, from: string, end: string): Promise<boolean> {
  const seen = new Set<string>();
  for (let id = from; !seen.has(id);) {
    if (id === end) return true;
    seen.add(id);
    const row = await write.db.selectFrom('tasks').select('state').where('id', '=', id).executeTakeFirst();
    const state = row === undefined ? null : (JSON.parse(row.state) as TaskState);
    if (state?.status === 'superseded') id = state.by;
  }
  return false;
}

export async function answer(write: Write, taskId: string, text: string): Promise<TaskRecord> {
  const task = await readProgress(write, taskId);
  await applyEvent(write, task, { kind: 'answered' });
  if (task.state.status !== 'blocked' || task.state.on.kind !== 'question') {
    throw new IllegalTransitionError(task.state.status, 'answered');
  }
  await write.db
    .insertInto('answers')
    .values({
      task_id: taskId,
      attempt: task.state.attempt,
      question: task.state.on.text,
      answer: text,
      at_ms: write.nowMs,
    })
    .execute();
  return readRecord(write, taskId);
}

export async function approve(write: Write, taskId: string, hash: string): Promise<TaskRecord> {
  const task = await readProgress(write, taskId);
  const { state } = task;
  if (state.status === 'blocked' && state.on.kind === 'approval' && state.on.hash !== hash) {
    throw new HashMismatchError(state.on.hash, hash);
  }
  await applyEvent(write, task, { kind: 'approved' });
  await write.db
    .insertInto('approvals')
    .values({ task_id: taskId, hash, at_ms: write.nowMs })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  return readRecord(write, taskId);
}

/** What `dispatch`, `finish`, `lose`, `openLanding` and `closeLanding` do together with a lease or an intent. */
function refuseHalfChanges(state: TaskState, event: TaskEvent): void {
  const sealed = state.status === 'landing' && state.sealed;
  if (event.kind !== 'leased' && event.kind !== 'sealed' && state.status !== 'running' && !sealed) return;
  throw new Error(`${event.kind} of a task that is ${state.status} has a method of its own`);
}
