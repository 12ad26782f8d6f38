import type { AttemptOutcome } from '../../src/core/attempt.ts';
import type { AttemptRecord } from '../../src/store/store.ts';
import { frozenJson } from './frozen.ts';
import { settleOpenTurns } from './memory-spending.ts';
import { appendEvent } from './memory-write.ts';
import type { Write } from './memory-write.ts';

export function changeAttempt(
  { tables }: Write,
  taskId: string,
  attempt: number,
  change: Partial<AttemptRecord>,
): void {
  const before = tables.attempts.get(taskId) ?? [];
  tables.attempts.set(
    taskId,
    before.map((record) => (record.attempt === attempt ? { ...record, ...change } : record)),
  );
}

/** Writes the outcome into the attempt and closes its `spawn` intent. Says nothing to the task. */
export function endAttempt(
  write: Write,
  taskId: string,
  attempt: number,
  outcome: AttemptOutcome,
  signature: string | null = null,
): void {
  settleOpenTurns(write, taskId, attempt);
  changeAttempt(write, taskId, attempt, {
    phase: 'finished',
    outcome: frozenJson(outcome),
    signature,
    finishedMs: write.nowMs,
    activityMs: write.nowMs,
    ...('head' in outcome ? { head: outcome.head } : {}),
  });
  for (const stored of write.tables.intents.values()) {
    const { intent, closedMs, id } = stored;
    if (closedMs === null && intent.kind === 'spawn' && intent.taskId === taskId && intent.attempt === attempt) {
      write.tables.intents.set(id, { ...stored, closedMs: write.nowMs });
    }
  }
  appendEvent(write, 'attempt.finished', { outcome }, { taskId, attempt });
}
