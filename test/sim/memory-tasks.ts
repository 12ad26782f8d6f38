import { IllegalTransitionError, step } from '../../src/core/step.ts';
import type { TaskEvent } from '../../src/core/task-event.ts';
import type { TaskState } from '../../src/core/task-state.ts';
import { HashMismatchError } from '../../src/store/store.ts';
import type { TaskRecord } from '../../src/store/store.ts';
import { endAttempt } from './memory-attempt-end.ts';
import { killAttempt } from './memory-kills.ts';
import { applyEvent, readRecord } from './memory-progress.ts';
import type { Write } from './memory-write.ts';

export type Withdrawal = TaskEvent & { kind: 'cancelled' | 'superseded' | 'parked' };

export function transition(write: Write, taskId: string, event: TaskEvent): TaskRecord {
  if (event.kind === 'cancelled' || event.kind === 'superseded' || event.kind === 'parked') {
    return withdraw(write, taskId, event);
  }
  const record = readRecord(write, taskId);
  // An event that the state does not admit comes from a race; one that belongs to another method is a bug.
  step(record, event, write.policy);
  refuseHalfChanges(record.state, event);
  applyEvent(write, taskId, event);
  return readRecord(write, taskId);
}

/** A running attempt ends as `cancelled`, and its token is void. */
export function withdraw(write: Write, taskId: string, event: Withdrawal): TaskRecord {
  const { state } = readRecord(write, taskId);
  if (event.kind === 'superseded' && leadsTo(write, event.by, taskId)) {
    throw new IllegalTransitionError(state.status, event.kind);
  }
  if (state.status === 'running') {
    endAttempt(write, taskId, state.attempt, { kind: 'cancelled' });
    killAttempt(write, taskId, state.attempt);
  }
  applyEvent(write, taskId, event);
  return readRecord(write, taskId);
}

/** Whether the task, or who has taken its place by now, is `end`. */
export function leadsTo(write: Write, from: string, end: string): boolean {
  const seen = new Set<string>();
  for (let id = from; !seen.has(id);) {
    if (id === end) return true;
    seen.add(id);
    const state = write.tables.tasks.get(id)?.record.state;
    if (state?.status === 'superseded') id = state.by;
  }
  return false;
}

export function answer(write: Write, taskId: string, text: string): TaskRecord {
  const { state } = readRecord(write, taskId);
  applyEvent(write, taskId, { kind: 'answered' });
  if (state.status !== 'blocked' || state.on.kind !== 'question') {
    throw new IllegalTransitionError(state.status, 'answered');
  }
  const given = { attempt: state.attempt, question: state.on.text, answer: text, atMs: write.nowMs };
  const { answers } = write.tables;
  answers.set(taskId, [...(answers.get(taskId) ?? []), given]);
  return readRecord(write, taskId);
}

export function approve(write: Write, taskId: string, hash: string): TaskRecord {
  const { state } = readRecord(write, taskId);
  if (state.status === 'blocked' && state.on.kind === 'approval' && state.on.hash !== hash) {
    throw new HashMismatchError(state.on.hash, hash);
  }
  applyEvent(write, taskId, { kind: 'approved' });
  const { approvals } = write.tables;
  const before = approvals.get(taskId) ?? [];
  if (!before.some((entry) => entry.hash === hash)) approvals.set(taskId, [...before, { hash, atMs: write.nowMs }]);
  return readRecord(write, taskId);
}

/** What `dispatch`, `finish`, `lose`, `openLanding` and `closeLanding` do together with a lease or an intent. */
function refuseHalfChanges(state: TaskState, event: TaskEvent): void {
  const isSealed = state.status === 'landing' && state.sealed;
  if (event.kind !== 'leased' && event.kind !== 'sealed' && state.status !== 'running' && !isSealed) return;
  throw new Error(`${event.kind} of a task that is ${state.status} has a method of its own`);
}
