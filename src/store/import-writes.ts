import { isDeepStrictEqual } from 'node:util';
import { isFinal, isInUse, NO_COUNTERS, READY } from '../core/task-state.ts';
import type { TaskStatus } from '../core/task-state.ts';
import { taskIdKey } from '../core/task.ts';
import { UserError } from '../core/user-error.ts';
import type { TaskImport } from './store.ts';
import { readProgress } from './task-progress.ts';
import { leadsTo, withdrawTask } from './task-writes.ts';
import { appendEvent } from './write.ts';
import type { Write } from './write.ts';

interface Known {
  readonly id: string;
  readonly status: string;
  readonly spec: string;
  readonly source_path: string | null;
  readonly source_hash: string | null;
}

/** SQLite takes 32,766 parameters; shorter lists stay prepared. */
const LOOKUP = 500;

export async function importTasks(write: Write, imports: readonly TaskImport[]): Promise<void> {
  const known = await knownTasks(write, imports);
  const added: TaskImport[] = [];
  for (const entry of imports) {
    const key = taskIdKey(entry.spec.id);
    const before = known.get(key);
    if (before === undefined) {
      await addTask(write, entry);
      added.push(entry);
    } else {
      if (before.id !== entry.spec.id) throw sameButForCase(before, entry);
      const status = before.status as TaskStatus;
      if (isFinal(status) || isInUse(status) || isSame(before, entry)) continue;
      await changeTask(write, entry);
    }
    known.set(key, asKnown(entry));
  }
  // Last, so that a task may supersede one that stands behind it in the same import.
  for (const { spec } of added) {
    for (const id of spec.supersedes) await supersede(write, id, spec.id);
  }
}

async function knownTasks(write: Write, imports: readonly TaskImport[]): Promise<Map<string, Known>> {
  const keys = [...new Set(imports.map(({ spec }) => taskIdKey(spec.id)))];
  const known = new Map<string, Known>();
  for (let start = 0; start < keys.length; start += LOOKUP) {
    const rows = await write.db
      .selectFrom('tasks')
      .innerJoin('specs', 'specs.task_id', 'tasks.id')
      .select(['id', 'id_key', 'status', 'spec', 'source_path', 'source_hash'])
      .where('id_key', 'in', keys.slice(start, start + LOOKUP))
      .execute();
    for (const row of rows) known.set(row.id_key, row);
  }
  return known;
}

async function addTask(write: Write, { spec, source }: TaskImport): Promise<void> {
  const seq = await appendEvent(write, 'task.added', { title: spec.title, source }, { taskId: spec.id });
  await write.db
    .insertInto('tasks')
    .values({
      id: spec.id,
      id_key: taskIdKey(spec.id),
      ...columns({ spec, source }),
      status: READY.status,
      state: JSON.stringify(READY),
      counters: JSON.stringify(NO_COUNTERS),
      attempts: 0,
      created_ms: write.nowMs,
      updated_ms: write.nowMs,
      event_seq: seq,
    })
    .execute();
  await write.db
    .insertInto('specs')
    .values({ task_id: spec.id, spec: JSON.stringify(spec) })
    .execute();
}

async function changeTask(write: Write, { spec, source }: TaskImport): Promise<void> {
  const seq = await appendEvent(write, 'task.changed', { title: spec.title, source }, { taskId: spec.id });
  await write.db
    .updateTable('tasks')
    .set({ ...columns({ spec, source }), updated_ms: write.nowMs, event_seq: seq })
    .where('id', '=', spec.id)
    .execute();
  await write.db
    .updateTable('specs')
    .set({ spec: JSON.stringify(spec) })
    .where('task_id', '=', spec.id)
    .execute();
}

/** The columns that repeat the specification, for those who plan. */
function columns({ spec, source }: TaskImport) {
  return {
    title: spec.title,
    area: spec.area,
    priority: spec.priority,
    owns: JSON.stringify(spec.owns),
    after: JSON.stringify(spec.after),
    gate: spec.gate,
    agent: spec.agent,
    has_acceptance: spec.acceptance.length > 0 ? 1 : 0,
    source_path: source?.path ?? null,
    source_hash: source?.hash ?? null,
  };
}

async function supersede(write: Write, id: string, by: string): Promise<void> {
  const exists = await write.db.selectFrom('tasks').select('id').where('id', '=', id).executeTakeFirst();
  if (exists === undefined || id === by) {
    await appendEvent(write, 'task.not-superseded', { by, status: id === by ? 'itself' : 'missing' }, { taskId: id });
    return;
  }
  const task = await readProgress(write, id);
  const { state } = task;
  if (isFinal(state.status) || (state.status === 'landing' && state.sealed)) {
    await appendEvent(write, 'task.not-superseded', { by, status: state.status }, { taskId: id });
    return;
  }
  if (await leadsTo(write, by, id)) {
    await appendEvent(write, 'task.not-superseded', { by, status: 'circle' }, { taskId: id });
    return;
  }
  await withdrawTask(write, task, { kind: 'superseded', by });
}

function isSame(before: Known, { spec, source }: TaskImport): boolean {
  if (before.source_path !== (source?.path ?? null) || before.source_hash !== (source?.hash ?? null)) return false;
  const text = JSON.stringify(spec);
  return before.spec === text || isDeepStrictEqual(JSON.parse(before.spec), JSON.parse(text));
}

function asKnown({ spec, source }: TaskImport): Known {
  return {
    id: spec.id,
    status: READY.status,
    spec: JSON.stringify(spec),
    source_path: source?.path ?? null,
    source_hash: source?.hash ?? null,
  };
}

function sameButForCase(before: Known, { spec, source }: TaskImport): UserError {
  return new UserError({
    code: 'task-id-case',
    message: `the task ids ${before.id} and ${spec.id} differ only in case`,
    hint: 'give one of them another number: they would share a directory on some file systems',
    ...(source === null ? {} : { place: { file: source.path } }),
  });
}
