import { pauseKey } from '../core/pause.ts';
import type { PauseSubject } from '../core/pause.ts';
import type { Verdict } from './store.ts';
import { appendEvent } from './write.ts';
import type { Write } from './write.ts';

export async function addVerdict({ db }: Write, verdict: Verdict): Promise<void> {
  const { atMs: at_ms, durationMs: duration_ms, key, ...rest } = verdict;
  const columns = { ...rest, at_ms, duration_ms };
  await db
    .insertInto('verdicts')
    .values({ key, ...columns })
    .onConflict((conflict) => conflict.column('key').doUpdateSet(columns))
    .execute();
}

/** @param isPerson what stands is theirs to say anew; a machine's stop does not hide the one before it. */
export async function stop(write: Write, by: string, why: string, isPerson: boolean): Promise<void> {
  const { numUpdatedRows } = await write.db
    .updateTable('control')
    .set({ stopped_by: by, stopped_why: why, stopped_at_ms: write.nowMs })
    .$if(!isPerson, (update) => update.where('stopped_by', 'is', null))
    .executeTakeFirstOrThrow();
  if (numUpdatedRows === 0n) return;
  await appendEvent(write, 'yard.stopped', { by, why });
}

export async function resetBreaker(write: Write): Promise<void> {
  const { failures_in_a_row: inARow } = await write.db
    .selectFrom('control')
    .select('failures_in_a_row')
    .executeTakeFirstOrThrow();
  await write.db.updateTable('control').set({ failures_in_a_row: 0 }).execute();
  await appendEvent(write, 'breaker.reset', { inARow });
}

export async function resume(write: Write): Promise<void> {
  await write.db
    .updateTable('control')
    .set({ stopped_by: null, stopped_why: null, stopped_at_ms: null, failures_in_a_row: 0 })
    .execute();
  await appendEvent(write, 'yard.resumed', {});
}

export async function pause(write: Write, subject: PauseSubject, by: string, why: string): Promise<void> {
  const columns = { paused_by: by, why, at_ms: write.nowMs };
  await write.db
    .insertInto('pauses')
    .values({ subject: pauseKey(subject), ...columns })
    .onConflict((conflict) => conflict.column('subject').doUpdateSet(columns))
    .execute();
  await appendEvent(write, 'yard.paused', { subject: pauseKey(subject), by, why });
}

export async function unpause(write: Write, subject: PauseSubject): Promise<boolean> {
  const { numDeletedRows } = await write.db
    .deleteFrom('pauses')
    .where('subject', '=', pauseKey(subject))
    .executeTakeFirstOrThrow();
  if (numDeletedRows === 0n) return false;
  await appendEvent(write, 'yard.unpaused', { subject: pauseKey(subject) });
  return true;
}
