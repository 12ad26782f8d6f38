import { countsForBreaker, isAtGate } from '../../src/core/attempt.ts';
import type { AttemptOutcome, AttemptPhase } from '../../src/core/attempt.ts';
import { conclude } from '../../src/core/conclusion.ts';
import { taskResource } from '../../src/core/lease.ts';
import type { Fence } from '../../src/core/lease.ts';
import { StaleTokenError, YardStoppedError } from '../../src/store/store.ts';
import type { AttemptProgress, DispatchOptions, TaskRecord } from '../../src/store/store.ts';
import { changeAttempt, endAttempt } from './memory-attempt-end.ts';
import { openIntent } from './memory-intents.ts';
import { handOut, releaseLease, requireFence, voidLease } from './memory-leases.ts';
import { applyEvent, readRecord } from './memory-progress.ts';
import { startInPool } from './memory-spending.ts';
import { appendEvent } from './memory-write.ts';
import type { Write } from './memory-write.ts';

export function dispatch(
  write: Write,
  scheduler: Fence,
  taskId: string,
  options: DispatchOptions,
): { attempt: number; fence: Fence; intentId: number } {
  requireFence(write, scheduler, 'scheduler');
  const task = readRecord(write, taskId);
  const attempt = task.attempts + 1;
  const { stopped } = write.tables.readControl();
  if (stopped !== null) throw new YardStoppedError(stopped.by);
  applyEvent(write, taskId, { kind: 'leased', attempt });
  const fence = handOut(write, taskResource(taskId), options.bootId, null, options.expiresMonotonicMs);
  const { token } = fence;
  const { attempts } = write.tables;
  const record = {
    taskId,
    attempt,
    token,
    phase: 'preparing',
    outcome: null,
    signature: null,
    agent: (isUnchangedAtGate(write, task) ? attempts.get(taskId)?.at(-1)?.agent : null) ?? options.agent,
    pool: options.pool ?? null,
    run: scheduler.token,
    base: null,
    head: null,
    startedMs: write.nowMs,
    finishedMs: null,
    activityMs: write.nowMs,
    activity: '',
  } as const;
  if (record.pool !== null) startInPool(write, record.pool);
  attempts.set(taskId, [...(attempts.get(taskId) ?? []), record]);
  return { attempt, fence, intentId: openIntent(write, { kind: 'spawn', taskId, attempt, token }) };
}

function isUnchangedAtGate({ tables }: Write, { spec: { id }, state }: TaskRecord): boolean {
  if (state.status !== 'ready' || state.entry.phase !== 'gating') return false;
  const last = tables.events.findLast(
    ({ taskId, type }) => taskId === id && (type === 'task.changed' || type === 'attempt.finished'),
  );
  return last?.type !== 'task.changed';
}

/** One that was closed with its attempt stays as it is. */
export function closeSpawnIntent(write: Write, scheduler: Fence, intentId: number): void {
  requireFence(write, scheduler, 'scheduler');
  const { tables, nowMs } = write;
  const stored = tables.intents.get(intentId);
  if (stored?.intent.kind !== 'spawn') throw new Error(`there is no spawn intent ${intentId}`);
  if (stored.closedMs === null) tables.intents.set(intentId, { ...stored, closedMs: nowMs });
}

export function progress(write: Write, fence: Fence, taskId: string, attempt: number, change: AttemptProgress): void {
  const before = requireAttempt(write, fence, taskId, attempt);
  if (change.phase === 'finished') throw new Error('an attempt is finished by its outcome, not by its phase');
  changeAttempt(write, taskId, attempt, { ...change, activityMs: write.nowMs });
  if (change.phase === undefined || change.phase === before.phase) return;
  appendEvent(write, 'attempt.phase', { phase: change.phase, from: before.phase }, { taskId, attempt });
}

export function finish(
  write: Write,
  fence: Fence,
  taskId: string,
  attempt: number,
  outcome: AttemptOutcome,
  signature: string | null,
): TaskRecord {
  requireAttempt(write, fence, taskId, attempt);
  endWith(write, taskId, attempt, outcome, signature);
  releaseLease(write, fence);
  return readRecord(write, taskId);
}

export function lose(
  write: Write,
  scheduler: Fence,
  lost: Fence,
  taskId: string,
  attempt: number,
  outcome: AttemptOutcome,
): TaskRecord {
  requireFence(write, scheduler, 'scheduler');
  requireAttempt(write, lost, taskId, attempt);
  endWith(write, taskId, attempt, outcome, null);
  voidLease(write, lost.resource);
  return readRecord(write, taskId);
}

function endWith(
  write: Write,
  taskId: string,
  attempt: number,
  outcome: AttemptOutcome,
  signature: string | null,
): void {
  const records = write.tables.attempts.get(taskId) ?? [];
  const own = records.find((record) => record.attempt === attempt);
  const collected = own !== undefined && isAtGate(own.phase) ? own.head : null;
  const before = records.findLast((record) => record.attempt < attempt) ?? null;
  const { retries } = readRecord(write, taskId).counters;
  endAttempt(write, taskId, attempt, outcome, signature);
  const ended = { attempt, signature, collected };
  const event = conclude(outcome, ended, { before, retriesSpent: retries }, write.nowMs);
  // Null is a cancellation; whoever still holds the lease has heard of it by a signal, not by `withdraw`.
  applyEvent(write, taskId, event ?? { kind: 'cancelled' });
  const control = write.tables.readControl();
  if (outcome.kind === 'accepted') write.tables.control.set('control', { ...control, failuresInARow: 0 });
  else if (countsForBreaker(outcome)) {
    write.tables.control.set('control', { ...control, failuresInARow: control.failuresInARow + 1 });
  }
}

function requireAttempt(write: Write, fence: Fence, taskId: string, attempt: number): { phase: AttemptPhase } {
  requireFence(write, fence, taskResource(taskId));
  const records = write.tables.attempts.get(taskId) ?? [];
  const record = records.find((each) => each.attempt === attempt && each.token === fence.token);
  if (record === undefined) throw new StaleTokenError(fence);
  return record;
}
