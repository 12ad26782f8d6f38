import { entryOf } from '../../src/core/event-data.ts';
import { step } from '../../src/core/step.ts';
import type { TaskEvent } from '../../src/core/task-event.ts';
import type { TaskState } from '../../src/core/task-state.ts';
import { NoSuchTaskError } from '../../src/store/store.ts';
import type { TaskRecord } from '../../src/store/store.ts';
import { freeze, frozenJson } from './frozen.ts';
import type { StoredTask } from './memory-tables.ts';
import { appendEvent } from './memory-write.ts';
import type { Write } from './memory-write.ts';

export function readRecord({ tables }: Write, taskId: string): TaskRecord {
  const task = tables.tasks.get(taskId);
  if (task === undefined) throw new NoSuchTaskError(taskId);
  return task.record;
}

/** The only place that changes the state of a task that exists. */
export function applyEvent(write: Write, taskId: string, event: TaskEvent): void {
  const record = readRecord(write, taskId);
  const { state, counters } = step(record, event, write.policy);
  const { kind, ...rest } = event;
  appendEvent(
    write,
    `task.${kind}`,
    { ...rest, from: record.state.status, to: state.status, ...entryOf(event, state) },
    { taskId, attempt: attemptOf(record.state) ?? attemptOf(state) },
  );
  const attempts = event.kind === 'leased' ? event.attempt : record.attempts;
  putTask(write, { ...record, ...frozenJson({ state, counters }), attempts, updatedMs: write.nowMs });
}

export function putTask({ tables }: Write, record: TaskRecord): void {
  tables.tasks.set(record.spec.id, stored(freeze(record)));
}

function stored(record: TaskRecord): StoredTask {
  const { id, title, area, priority, owns, after, gate, agent, acceptance } = record.spec;
  const { state, counters, attempts, updatedMs, source } = record;
  const columns = { id, title, area, priority, owns, after, gate, agent };
  const row = { ...columns, hasAcceptance: acceptance.length > 0, state, counters, attempts, updatedMs, source };
  return { record, row };
}

function attemptOf(state: TaskState): number | null {
  return 'attempt' in state ? state.attempt : null;
}
