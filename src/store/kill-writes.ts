import { taskResource } from '../core/lease.ts';
import type { KillSubject } from '../core/snapshot.ts';
import { endAttempt } from './attempt-writes.ts';
import { openIntent } from './intent-writes.ts';
import { voidLease } from './lease-writes.ts';
import { toIntent } from './sqlite-rows.ts';
import type { Intent, IntentRecord } from './store.ts';
import { applyEvent, readProgress } from './task-progress.ts';
import { appendEvent } from './write.ts';
import type { Write } from './write.ts';

// Invariants:
// 1. The token of what is to be killed is void in the transaction that opens the intent: it can write nothing any more.
// 2. There is one open kill of an attempt at most, whoever wants its end, and however often.
// 3. A task whose attempt is being killed, and that is not withdrawn, stays `running` until the kill is closed: nothing
//    starts in its lane beside processes that may live.

/** Voids the lease of an attempt and opens the kill of its processes. */
export async function killAttempt(write: Write, taskId: string, attempt: number): Promise<void> {
  const { token } = await write.db
    .selectFrom('attempts')
    .select('token')
    .where('task_id', '=', taskId)
    .where('attempt', '=', attempt)
    .executeTakeFirstOrThrow();
  await voidLease(write, taskResource(taskId));
  await openKill(write, { of: 'attempt', taskId, attempt, token });
}

/** See `Store.interrupt`. */
export async function interrupt(write: Write, by: string, why: string): Promise<IntentRecord[]> {
  const { numUpdatedRows } = await write.db
    .updateTable('control')
    .set({ stopped_by: by, stopped_why: why, stopped_at_ms: write.nowMs })
    .where('stopped_by', 'is', null)
    .executeTakeFirstOrThrow();
  if (numUpdatedRows > 0n) await appendEvent(write, 'yard.stopped', { by, why });
  const running = await write.db
    .selectFrom('tasks')
    .select(['id', 'attempts'])
    .where('status', '=', 'running')
    .orderBy('id')
    .execute();
  for (const { id, attempts } of running) await killAttempt(write, id, attempts);
  await killTrain(write);
  const kills = await openKills(write);
  await appendEvent(write, 'yard.interrupted', { by, why, kills: kills.map(({ subject }) => subject) });
  return kills.map(({ record }) => record);
}

/** See `Store.closeKill`. */
export async function closeKill(write: Write, intentId: number): Promise<void> {
  const row = await write.db
    .selectFrom('intents')
    .select(['kind', 'body', 'closed_ms'])
    .where('id', '=', intentId)
    .executeTakeFirst();
  if (row?.kind !== 'kill') throw new Error(`there is no kill intent ${intentId}`);
  if (row.closed_ms !== null) return;
  await write.db.updateTable('intents').set({ closed_ms: write.nowMs }).where('id', '=', intentId).execute();
  const { subject } = JSON.parse(row.body) as Intent & { kind: 'kill' };
  if (subject.of === 'train') {
    await appendEvent(write, 'train.killed', { token: subject.token });
    return;
  }
  const { taskId, attempt, token } = subject;
  await appendEvent(write, 'attempt.killed', { token }, { taskId, attempt });
  const task = await readProgress(write, taskId);
  if (task.state.status !== 'running' || task.state.attempt !== attempt) return;
  await endAttempt(write, taskId, attempt, { kind: 'cancelled' });
  await applyEvent(write, task, { kind: 'interrupted', why: 'a person had it ended' });
}

async function killTrain(write: Write): Promise<void> {
  const held = await write.db
    .selectFrom('leases')
    .select('token')
    .where('resource', '=', 'train')
    .where('held', '=', 1)
    .executeTakeFirst();
  if (held === undefined) return;
  await voidLease(write, 'train');
  await openKill(write, { of: 'train', token: held.token });
}

async function openKill(write: Write, subject: KillSubject): Promise<void> {
  const open = await openKills(write);
  const isOpen = open.some(
    ({ subject: other }) =>
      subject.of === 'attempt' &&
      other.of === 'attempt' &&
      other.taskId === subject.taskId &&
      other.attempt === subject.attempt,
  );
  if (!isOpen) await openIntent(write, { kind: 'kill', subject });
}

async function openKills(write: Write): Promise<{ record: IntentRecord; subject: KillSubject }[]> {
  const rows = await write.db
    .selectFrom('intents')
    .select(['id', 'body', 'opened_ms'])
    .where('closed_ms', 'is', null)
    .where('kind', '=', 'kill')
    .orderBy('id')
    .execute();
  return rows.flatMap((row) => {
    const record = toIntent(row);
    return record.intent.kind === 'kill' ? [{ record, subject: record.intent.subject }] : [];
  });
}
