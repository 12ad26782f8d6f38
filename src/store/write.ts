import type { Transaction } from 'kysely';
import type { RetryPolicy } from '../core/task-state.ts';
import type { Tables } from './schema.ts';

/** One open write transaction, with all that a change needs to know. */
export interface Write {
  readonly db: Transaction<Tables>;
  /** Read once the write lock was had, so that events stand in the order of their times (as far as the clock is sane). */
  readonly nowMs: number;
  readonly policy: RetryPolicy;
}

/** Appends an event and returns its number. */
export async function appendEvent(
  write: Write,
  type: string,
  data: object | string | number | boolean | null,
  about: { readonly taskId?: string; readonly attempt?: number | null } = {},
): Promise<number> {
  const { insertId } = await write.db
    .insertInto('events')
    .values({
      at_ms: write.nowMs,
      task_id: about.taskId ?? null,
      attempt: about.attempt ?? null,
      type,
      data: JSON.stringify(data),
    })
    .executeTakeFirstOrThrow();
  return Number(insertId);
}
