import { taskResource } from '../../src/core/lease.ts';
import type { KillSubject } from '../../src/core/snapshot.ts';
import type { IntentRecord } from '../../src/store/store.ts';
import { endAttempt } from './memory-attempt-end.ts';
import { openIntent } from './memory-intents.ts';
import { voidLease } from './memory-leases.ts';
import { applyEvent, readRecord } from './memory-progress.ts';
import { appendEvent } from './memory-write.ts';
import type { Write } from './memory-write.ts';

/** Voids the lease of an attempt and opens the kill of its processes. */
export function killAttempt(write: Write, taskId: string, attempt: number): void {
  const record = write.tables.attempts.get(taskId)?.find((one) => one.attempt === attempt);
  if (record === undefined) throw new Error(`${taskId} has no attempt ${attempt}`);
  voidLease(write, taskResource(taskId));
  openKill(write, { of: 'attempt', taskId, attempt, token: record.token });
}

export function interrupt(write: Write, by: string, why: string): IntentRecord[] {
  const control = write.tables.readControl();
  if (control.stopped === null) {
    write.tables.control.set('control', { ...control, stopped: { by, why, atMs: write.nowMs } });
    appendEvent(write, 'yard.stopped', { by, why });
  }
  const running = write.tables.tasks.values().filter(({ row }) => row.state.status === 'running');
  const ids = running.map(({ row }) => row.id).toSorted((a, b) => (a < b ? -1 : 1));
  for (const id of ids) killAttempt(write, id, readRecord(write, id).attempts);
  const train = write.tables.leases.get('train');
  if (train?.held === true) {
    voidLease(write, 'train');
    openKill(write, { of: 'train', token: train.token });
  }
  const kills = openKills(write);
  appendEvent(write, 'yard.interrupted', { by, why, kills: kills.map(({ subject }) => subject) });
  return kills.map(({ record }) => record);
}

export function closeKill(write: Write, intentId: number): void {
  const stored = write.tables.intents.get(intentId);
  if (stored?.intent.kind !== 'kill') throw new Error(`there is no kill intent ${intentId}`);
  if (stored.closedMs !== null) return;
  write.tables.intents.set(intentId, { ...stored, closedMs: write.nowMs });
  const { subject } = stored.intent;
  if (subject.of === 'train') return appendEvent(write, 'train.killed', { token: subject.token });
  const { taskId, attempt, token } = subject;
  appendEvent(write, 'attempt.killed', { token }, { taskId, attempt });
  const { state } = readRecord(write, taskId);
  if (state.status !== 'running' || state.attempt !== attempt) return;
  endAttempt(write, taskId, attempt, { kind: 'cancelled' });
  applyEvent(write, taskId, { kind: 'interrupted', why: 'a person had it ended' });
}

/** There is one open kill of an attempt at most. */
function openKill(write: Write, subject: KillSubject): void {
  const isOpen = openKills(write).some(
    ({ subject: other }) =>
      subject.of === 'attempt' &&
      other.of === 'attempt' &&
      other.taskId === subject.taskId &&
      other.attempt === subject.attempt,
  );
  if (!isOpen) openIntent(write, { kind: 'kill', subject });
}

function openKills({ tables }: Write): { record: IntentRecord; subject: KillSubject }[] {
  return tables.intents.values().flatMap(({ closedMs, ...record }) => {
    if (closedMs !== null || record.intent.kind !== 'kill') return [];
    return [{ record: Object.freeze(record), subject: record.intent.subject }];
  });
}
