import { UserError } from '../../core/user-error.ts';
import { nearest } from '../../core/nearest.ts';
import type { StoreReader, TaskRecord } from '../../store/store.ts';
import { findUnimported } from '../schedule/unimported.ts';
import type { Backlog } from '../schedule/unimported.ts';

/**
 * The task of an id as typed (case does not count). @param location where files are looked at for it, too.
 * @throws UserError `no-such-task`, with the nearest id there is; `not-imported` where only a file has it.
 */
export async function findTask(
  reader: StoreReader,
  id: string,
  location: Backlog['location'] | null = null,
): Promise<TaskRecord> {
  const exact = await reader.task(id);
  if (exact !== null) return exact;
  const ids = (await reader.rows()).map((row) => row.id);
  if (location !== null && sameId(ids, id) === undefined) await refuseUnimported({ reader, location }, id);
  const found = await reader.task(pickId(ids, id));
  if (found === null) throw new Error(`the task ${id} has vanished`);
  return found;
}

/** The id that was meant (case does not count). @throws UserError `no-such-task`, with the nearest id there is. */
export function pickId(ids: readonly string[], typed: string): string {
  const found = sameId(ids, typed);
  if (found !== undefined) return found;
  const near = nearest(typed, ids);
  throw new UserError({
    code: 'no-such-task',
    message: `there is no task ${JSON.stringify(typed)}`,
    hint: near === null ? 'See them with: yard tasks' : `Did you mean ${near}? See all with: yard tasks`,
  });
}

function sameId(ids: readonly string[], typed: string): string | undefined {
  return ids.includes(typed) ? typed : ids.find((id) => id.toLowerCase() === typed.toLowerCase());
}

async function refuseUnimported(backlog: Backlog, typed: string): Promise<void> {
  const file = await findUnimported(backlog, typed);
  if (file === null) return;
  throw new UserError({
    code: 'not-imported',
    message:
      file.problem === null
        ? `${file.id} has not joined the backlog yet: no run has read its file, ${file.path}`
        : `${JSON.stringify(typed)} cannot join the backlog, its file has a mistake: ${file.problem}`,
    hint: file.problem === null ? 'It joins at the next: yard run' : 'Mend it, then: yard run',
    ...(file.problem === null ? {} : { place: { file: file.path } }),
  });
}
