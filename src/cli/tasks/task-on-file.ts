import { decodeText } from '../../config/text.ts';
import { isFinal, TASK_STATUSES } from '../../core/task-state.ts';
import { taskIdKey } from '../../core/task.ts';
import { UserError } from '../../core/user-error.ts';
import type { TaskRecord } from '../../store/store.ts';
import { LocalTaskSource } from '../../trackers/local-files.ts';
import { hashOf } from '../../trackers/content-hash.ts';
import { readTaskFile } from '../../trackers/task-directory.ts';
import type { SourcedTask } from '../../trackers/tracker.ts';
import type { CommandContext } from '../context.ts';
import { pickId } from './find-task.ts';
import { withReader } from './known-tasks.ts';

/** A task together with the file that it is written in. */
export interface TaskOnFile {
  readonly id: string;
  /** As the store has it; null for a task that no run has seen yet. */
  readonly record: TaskRecord | null;
  /** Relative to the root. */
  readonly path: string;
  readonly text: string;
  readonly hash: string;
}

/**
 * Finds the file of a task that is to be changed. @throws UserError `no-such-task` with the nearest id, `wrong-state` for
 * one that is done, `task-file-gone`.
 */
export async function findOnFile(context: CommandContext, root: string, typed: string): Promise<TaskOnFile> {
  // Reading all files takes a while where there are many, and is needed only where the store does not say which.
  let files: Promise<readonly SourcedTask[]> | null = null;
  const imports = (): Promise<readonly SourcedTask[]> =>
    (files ??= new LocalTaskSource(root).changes([]).then((changes) => changes.imports));
  const record = await findRecord(context, typed, async () => (await imports()).map(({ spec }) => spec.id));
  const id =
    record?.spec.id ??
    pickId(
      (await imports()).map(({ spec }) => spec.id),
      typed,
    );
  if (record !== null) refuseDone(record);
  const known = record?.source?.path;
  const found = known === undefined ? null : read(root, known, id);
  if (found !== null) return { id, record, ...found };
  const elsewhere = (await imports()).find(({ spec }) => taskIdKey(spec.id) === taskIdKey(id))?.source.path;
  const moved = elsewhere === undefined ? null : read(root, elsewhere, id);
  if (moved === null) throw gone(id, known ?? null);
  return { id, record, ...moved };
}

/** The task as the store has it; null for one that only a file has. */
async function findRecord(
  context: CommandContext,
  typed: string,
  idsOfFiles: () => Promise<readonly string[]>,
): Promise<TaskRecord | null> {
  return withReader(context, async (reader) => {
    const exact = await reader.task(typed);
    if (exact !== null) return exact;
    const ids = (await reader.rows()).map((row) => row.id);
    const stored = ids.find((id) => taskIdKey(id) === taskIdKey(typed));
    if (stored !== undefined) return reader.task(stored);
    pickId([...ids, ...(await idsOfFiles())], typed);
    return null;
  });
}

function read(root: string, path: string, id: string): Pick<TaskOnFile, 'path' | 'text' | 'hash'> | null {
  const file = readTaskFile(root, path);
  if (file === null) return null;
  const text = decodeText(file.bytes);
  if (text === null) {
    throw new UserError({
      code: 'task-encoding',
      message: `${path}, the file of ${id}, is not UTF-8 text`,
      hint: 'Save it as UTF-8.',
      place: { file: path },
    });
  }
  // The mark at its beginning belongs to the file, and stays.
  const isMarked = file.bytes.subarray(0, 3).equals(Buffer.from([0xef, 0xbb, 0xbf]));
  return { path, text: isMarked ? `\uFEFF${text}` : text, hash: hashOf(file.bytes) };
}

function refuseDone({ spec, state }: TaskRecord): void {
  if (!isFinal(state.status)) return;
  const open = TASK_STATUSES.filter((status) => !isFinal(status)).join(', ');
  throw new UserError({
    code: 'wrong-state',
    message: `${spec.id} is ${state.status}, and that is final; a task can be changed while it is one of: ${open}`,
    hint: 'Write a new task: yard add "…"',
  });
}

function gone(id: string, path: string | null): UserError {
  const hint =
    path === null
      ? `Replace the task, with all that the yard knows of it: yard supersede ${id} "…"`
      : `Bring it back, such as with: git restore -- ${path}; or replace the task: yard supersede ${id} "…"`;
  return new UserError({
    code: 'task-file-gone',
    message: path === null ? `${id} has no file that could be changed` : `the file of ${id} is gone: ${path}`,
    hint,
  });
}
