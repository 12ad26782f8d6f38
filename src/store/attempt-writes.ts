import { countsForBreaker, isAtGate } from '../core/attempt.ts';
import type { AttemptOutcome, AttemptPhase } from '../core/attempt.ts';
import { conclude } from '../core/conclusion.ts';
import type { Ended } from '../core/conclusion.ts';
import { taskResource } from '../core/lease.ts';
import type { Fence } from '../core/lease.ts';
import { handOut, releaseLease, requireFence, voidLease } from './lease-writes.ts';
import { openIntent } from './intent-writes.ts';
import { StaleTokenError, YardStoppedError } from './store.ts';
import type { AttemptProgress, DispatchOptions, TaskRecord } from './store.ts';
import { settleOpenTurns, startInPool } from './spending-writes.ts';
import { applyEvent, readProgress, readRecord } from './task-progress.ts';
import type { StoredProgress } from './task-progress.ts';
import { appendEvent } from './write.ts';
import type { Write } from './write.ts';

export async function dispatch(
  write: Write,
  scheduler: Fence,
  taskId: string,
  options: DispatchOptions,
): Promise<{ attempt: number; fence: Fence; intentId: number }> {
  await requireFence(write, scheduler, 'scheduler');
  const task = await readProgress(write, taskId);
  await refuseStopped(write);
  const attempt = task.attempts + 1;
  await applyEvent(write, task, { kind: 'leased', attempt });
  const fence = await handOut(write, taskResource(taskId), options.bootId, null, options.expiresMonotonicMs);
  await write.db
    .insertInto('attempts')
    .values({
      task_id: taskId,
      attempt,
      token: fence.token,
      phase: 'preparing',
      outcome: null,
      signature: null,
      agent: (await makerOf(write, task)) ?? options.agent,
      pool: options.pool ?? null,
      run: scheduler.token,
      base: null,
      head: null,
      started_ms: write.nowMs,
      finished_ms: null,
      activity_ms: write.nowMs,
      activity: '',
    })
    .execute();
  if (options.pool !== undefined && options.pool !== null) await startInPool(write, options.pool);
  const intentId = await openIntent(write, { kind: 'spawn', taskId, attempt, token: fence.token });
  return { attempt, fence, intentId };
}

/**
 * Whose work it is that goes on at its gate: that of the attempt before, whoever would be chosen now. Null: an agent works, as
 * it does where the task was edited since.
 */
async function makerOf(write: Write, { id, state, attempts }: StoredProgress): Promise<string | null> {
  if (state.status !== 'ready' || state.entry.phase !== 'gating') return null;
  const last = await write.db
    .selectFrom('events')
    .select('type')
    .where('task_id', '=', id)
    .where('type', 'in', ['task.changed', 'attempt.finished'])
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (last?.type === 'task.changed') return null;
  const row = await write.db
    .selectFrom('attempts')
    .select('agent')
    .where('task_id', '=', id)
    .where('attempt', '=', attempts)
    .executeTakeFirst();
  return row?.agent ?? null;
}

async function refuseStopped(write: Write): Promise<void> {
  const { stopped_by: by } = await write.db.selectFrom('control').select('stopped_by').executeTakeFirstOrThrow();
  if (by !== null) throw new YardStoppedError(by);
}

/** Closes a `spawn` intent; one that was closed with its attempt stays as it is. */
export async function closeSpawnIntent(write: Write, scheduler: Fence, intentId: number): Promise<void> {
  await requireFence(write, scheduler, 'scheduler');
  const intent = await write.db.selectFrom('intents').select('kind').where('id', '=', intentId).executeTakeFirst();
  if (intent?.kind !== 'spawn') throw new Error(`there is no spawn intent ${intentId}`);
  await write.db
    .updateTable('intents')
    .set({ closed_ms: write.nowMs })
    .where('id', '=', intentId)
    .where('closed_ms', 'is', null)
    .execute();
}

export async function progress(
  write: Write,
  fence: Fence,
  taskId: string,
  attempt: number,
  change: AttemptProgress,
): Promise<void> {
  const before = await requireAttempt(write, fence, taskId, attempt);
  if (change.phase === 'finished') throw new Error('an attempt is finished by its outcome, not by its phase');
  await write.db
    .updateTable('attempts')
    .set({ ...change, activity_ms: write.nowMs })
    .where('task_id', '=', taskId)
    .where('attempt', '=', attempt)
    .execute();
  if (change.phase === undefined || change.phase === before.phase) return;
  await appendEvent(write, 'attempt.phase', { phase: change.phase, from: before.phase }, { taskId, attempt });
}

export async function finish(
  write: Write,
  fence: Fence,
  taskId: string,
  attempt: number,
  outcome: AttemptOutcome,
  signature: string | null,
): Promise<TaskRecord> {
  await requireAttempt(write, fence, taskId, attempt);
  await endWith(write, taskId, attempt, outcome, signature);
  await releaseLease(write, fence);
  return readRecord(write, taskId);
}

export async function lose(
  write: Write,
  scheduler: Fence,
  lost: Fence,
  taskId: string,
  attempt: number,
  outcome: AttemptOutcome,
): Promise<TaskRecord> {
  await requireFence(write, scheduler, 'scheduler');
  await requireAttempt(write, lost, taskId, attempt);
  await endWith(write, taskId, attempt, outcome, null);
  await voidLease(write, lost.resource);
  return readRecord(write, taskId);
}

/** Writes the outcome into the attempt and closes what was open for it, its turns included. Says nothing to the task. */
export async function endAttempt(
  write: Write,
  taskId: string,
  attempt: number,
  outcome: AttemptOutcome,
  signature: string | null = null,
): Promise<void> {
  await settleOpenTurns(write, taskId, attempt);
  await write.db
    .updateTable('attempts')
    .set({
      phase: 'finished',
      outcome: JSON.stringify(outcome),
      signature,
      finished_ms: write.nowMs,
      activity_ms: write.nowMs,
      ...('head' in outcome ? { head: outcome.head } : {}),
    })
    .where('task_id', '=', taskId)
    .where('attempt', '=', attempt)
    .execute();
  await write.db
    .updateTable('intents')
    .set({ closed_ms: write.nowMs })
    .where('task_id', '=', taskId)
    .where('attempt', '=', attempt)
    .where('kind', '=', 'spawn')
    .where('closed_ms', 'is', null)
    .execute();
  await appendEvent(write, 'attempt.finished', { outcome }, { taskId, attempt });
}

async function endWith(
  write: Write,
  taskId: string,
  attempt: number,
  outcome: AttemptOutcome,
  signature: string | null,
): Promise<void> {
  const task = await readProgress(write, taskId);
  const collected = await collectedIn(write, taskId, attempt);
  await endAttempt(write, taskId, attempt, outcome, signature);
  const history = { before: await attemptBefore(write, taskId, attempt), retriesSpent: task.counters.retries };
  const event = conclude(outcome, { attempt, signature, collected }, history, write.nowMs);
  // A cancellation usually comes by `withdraw`, which voids the lease. Whoever still holds one has been told otherwise,
  // by a signal; without this the task would stay running with nobody to run it.
  await applyEvent(write, task, event ?? { kind: 'cancelled' });
  await countFailure(write, outcome);
}

/** The head of an attempt that has come to its gate, or farther. */
async function collectedIn(write: Write, taskId: string, attempt: number): Promise<string | null> {
  const row = await write.db
    .selectFrom('attempts')
    .select(['phase', 'head'])
    .where('task_id', '=', taskId)
    .where('attempt', '=', attempt)
    .executeTakeFirst();
  return row !== undefined && isAtGate(row.phase as AttemptPhase) ? row.head : null;
}

async function attemptBefore(write: Write, taskId: string, attempt: number): Promise<Ended | null> {
  const before = await write.db
    .selectFrom('attempts')
    .select(['attempt', 'signature'])
    .where('task_id', '=', taskId)
    .where('attempt', '<', attempt)
    .orderBy('attempt', 'desc')
    .executeTakeFirst();
  return before ?? null;
}

async function countFailure(write: Write, outcome: AttemptOutcome): Promise<void> {
  if (outcome.kind === 'accepted') {
    await write.db.updateTable('control').set({ failures_in_a_row: 0 }).execute();
  } else if (countsForBreaker(outcome)) {
    await write.db
      .updateTable('control')
      .set((eb) => ({ failures_in_a_row: eb('failures_in_a_row', '+', 1) }))
      .execute();
  }
}

async function requireAttempt(write: Write, fence: Fence, taskId: string, attempt: number): Promise<{ phase: string }> {
  await requireFence(write, fence, taskResource(taskId));
  const row = await write.db
    .selectFrom('attempts')
    .select('phase')
    .where('task_id', '=', taskId)
    .where('attempt', '=', attempt)
    .where('token', '=', fence.token)
    .executeTakeFirst();
  if (row === undefined) throw new StaleTokenError(fence);
  return row;
}
