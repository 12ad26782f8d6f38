import { isDeepStrictEqual } from 'node:util';
import { isFinal, isInUse, NO_COUNTERS, READY } from '../../src/core/task-state.ts';
import { taskIdKey } from '../../src/core/task.ts';
import { UserError } from '../../src/core/user-error.ts';
import type { TaskImport, TaskRecord } from '../../src/store/store.ts';
import { frozenJson } from './frozen.ts';
import { putTask, readRecord } from './memory-progress.ts';
import { leadsTo, withdraw } from './memory-tasks.ts';
import { appendEvent } from './memory-write.ts';
import type { Write } from './memory-write.ts';

export function importTasks(write: Write, imports: readonly TaskImport[]): void {
  const added: TaskImport[] = [];
  for (const entry of frozenJson(imports)) {
    const { id } = entry.spec;
    const known = write.tables.taskIds.get(taskIdKey(id));
    if (known === undefined) {
      addTask(write, entry);
      added.push(entry);
    } else {
      if (known !== id) throw sameButForCase(known, entry);
      changeTask(write, entry);
    }
  }
  // Last, so that a task may supersede one that stands behind it in the same import.
  for (const { spec } of added) {
    for (const id of spec.supersedes) supersede(write, id, spec.id);
  }
}

function addTask(write: Write, { spec, source }: TaskImport): void {
  appendEvent(write, 'task.added', { title: spec.title, source }, { taskId: spec.id });
  const { nowMs } = write;
  putTask(write, {
    spec,
    source,
    state: READY,
    counters: NO_COUNTERS,
    attempts: 0,
    createdMs: nowMs,
    updatedMs: nowMs,
  });
  write.tables.taskIds.set(taskIdKey(spec.id), spec.id);
}

function changeTask(write: Write, entry: TaskImport): void {
  const { spec, source } = entry;
  const before = readRecord(write, spec.id);
  const { status } = before.state;
  if (isFinal(status) || isInUse(status) || isSame(before, entry)) return;
  appendEvent(write, 'task.changed', { title: spec.title, source }, { taskId: spec.id });
  putTask(write, { ...before, spec, source, updatedMs: write.nowMs });
}

function supersede(write: Write, id: string, by: string): void {
  const state = write.tables.tasks.get(id)?.record.state;
  const refused = (status: string) => appendEvent(write, 'task.not-superseded', { by, status }, { taskId: id });
  if (id === by) return refused('itself');
  if (state === undefined) return refused('missing');
  if (isFinal(state.status) || (state.status === 'landing' && state.sealed)) return refused(state.status);
  if (leadsTo(write, by, id)) return refused('circle');
  withdraw(write, id, { kind: 'superseded', by });
}

function isSame(before: TaskRecord, { spec, source }: TaskImport): boolean {
  return isDeepStrictEqual(before.source, source) && isDeepStrictEqual(before.spec, spec);
}

function sameButForCase(known: string, { spec, source }: TaskImport): UserError {
  return new UserError({
    code: 'task-id-case',
    message: `the task ids ${known} and ${spec.id} differ only in case`,
    hint: 'give one of them another number: they would share a directory on some file systems',
    ...(source === null ? {} : { place: { file: source.path } }),
  });
}
