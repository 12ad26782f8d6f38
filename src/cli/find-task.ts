import { UserError } from '../core/user-error.ts';
import { nearest } from '../config/nearest.ts';
import type { StoreReader, TaskRecord } from '../store/store.ts';

/** The task of an id as typed (case does not count). @throws UserError `no-such-task`, with the nearest id there is. */
export async function findTask(reader: StoreReader, id: string): Promise<TaskRecord> {
  const exact = await reader.task(id);
  if (exact !== null) return exact;
  const ids = (await reader.rows()).map((row) => row.id);
  const found = await reader.task(pickId(ids, id));
  if (found === null) throw new Error(`the task ${id} has vanished`);
  return found;
}

/** The id that was meant (case does not count). @throws UserError `no-such-task`, with the nearest id there is. */
export function pickId(ids: readonly string[], typed: string): string {
  const found = ids.includes(typed) ? typed : ids.find((id) => id.toLowerCase() === typed.toLowerCase());
  if (found !== undefined) return found;
  const near = nearest(typed, ids);
  throw new UserError({
    code: 'no-such-task',
    message: `there is no task ${JSON.stringify(typed)}`,
    hint:
      near === null
        ? 'See them with: yard status. A task that was just added joins at the next: yard run'
        : `Did you mean ${near}? See all with: yard status. A task that was just added joins at the next: yard run`,
  });
}
