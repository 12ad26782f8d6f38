import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { formatTaskFile } from '../config/task-file-writer.ts';
import { isTaskId, type TaskSpec, taskIdKey } from '../core/task.ts';
import { UserError } from '../core/user-error.ts';
import { errnoOf } from '../process/errno.ts';
import { syncDirectory } from '../process/file.ts';
import { TASKS_DIRECTORY } from './task-directory.ts';
import { link, mkdir, unlink } from '../process/file-system.ts';

const SLUG_LENGTH_MAX = 50;
const DIGITS_MIN = 4;

/** The next free id of the prefix: `TASK-0008` after `TASK-0007`, whatever gaps there are. */
export function nextTaskId(existing: Iterable<string>, prefix = 'TASK'): string {
  const start = `${taskIdKey(prefix)}-`;
  let last = 0;
  for (const id of existing) {
    if (isTaskId(id) && taskIdKey(id).startsWith(start)) last = Math.max(last, Number(id.slice(start.length)));
  }
  const id = `${prefix}-${String(last + 1).padStart(DIGITS_MIN, '0')}`;
  if (isTaskId(id)) return id;
  const hint = 'Ids look like TASK-0001: a word, a dash, a number of at most nine digits.';
  throw new UserError({ code: 'task-id', message: `${JSON.stringify(id)} is not a task id`, hint });
}

/** The title as part of a file name: lower-case ASCII words and dashes, 50 characters at most; may be empty. */
export function slugOf(title: string): string {
  const plain = title
    .toLowerCase()
    .replaceAll('ß', 'ss')
    .normalize('NFKD')
    .replace(/\p{Mark}/gu, '');
  const words = plain.match(/[a-z0-9]+/g) ?? [];
  let slug = '';
  for (const word of words) {
    const longer = slug === '' ? word.slice(0, SLUG_LENGTH_MAX) : `${slug}-${word}`;
    if (longer.length > SLUG_LENGTH_MAX) break;
    slug = longer;
  }
  return slug;
}

/** `TASK-0001-rename-the-flag.md` */
export function taskFileName(spec: Pick<TaskSpec, 'id' | 'title'>): string {
  const slug = slugOf(spec.title);
  return slug === '' ? `${spec.id}.md` : `${spec.id}-${slug}.md`;
}

/**
 * Writes a new task file, which appears whole or not at all, and survives power loss. Returns its path relative to the
 * root. Throws a UserError (`task-exists`) when a file of that id is there; nothing is ever replaced. Of two that take
 * one id at the same time, at most one succeeds; take the next id and try again.
 */
export async function writeTaskFile(root: string, spec: TaskSpec): Promise<string> {
  const directory = await makeTasksDirectory(root);
  const name = taskFileName(spec);
  const path = `${TASKS_DIRECTORY}/${name}`;
  await refuseOthers(directory, spec.id, null);
  const temporary = join(directory, `.tmp-${randomUUID()}`);
  const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
  try {
    await using file = await open(temporary, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY, 0o644);
    await file.writeFile(formatTaskFile(spec));
    await file.sync();
    // Unlike a rename, a link never replaces what is there.
    await link(temporary, join(directory, name));
    // Somebody who took the same id meanwhile, under another title, finds this file, or this finds theirs.
    await refuseOthers(directory, spec.id, name);
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') throw taskExists(path, spec.id);
    throw error;
  } finally {
    await unlink(temporary).catch(ignoreMissing);
  }
  await syncDirectory(directory);
  return path;
}

/** Throws if a file of the id is there; one that was just made, `own`, is taken away again. */
async function refuseOthers(directory: string, id: string, own: string | null): Promise<void> {
  const other = (await readdir(directory)).find((name) => name !== own && isOfId(name, id));
  if (other === undefined) return;
  if (own !== null) await unlink(join(directory, own));
  throw taskExists(`${TASKS_DIRECTORY}/${other}`, id);
}

/** The directory of task files, made where there is none. Throws a UserError where a link stands in its place. */
export async function makeTasksDirectory(root: string): Promise<string> {
  const directory = join(root, TASKS_DIRECTORY);
  await mkdir(directory, { recursive: true });
  for (const path of [join(root, '.yard'), directory]) {
    if ((await lstat(path)).isDirectory()) continue;
    const message = `${path} is a link, and links are not followed`;
    throw new UserError({ code: 'task-not-a-file', message, hint: 'Put a directory there.' });
  }
  return directory;
}

function isOfId(file: string, id: string): boolean {
  const name = taskIdKey(file);
  const key = taskIdKey(id);
  return name === `${key}.md` || (name.startsWith(`${key}-`) && name.endsWith('.md'));
}

export function taskExists(path: string, id: string): UserError {
  const hint = 'Take another id, or edit that file.';
  return new UserError({
    code: 'task-exists',
    message: `${path} is there already, with the id ${id}`,
    hint,
    place: { file: path },
  });
}

function ignoreMissing(error: unknown): void {
  // It was never made, because opening it failed.
  if (errnoOf(error) !== 'ENOENT') throw error;
}
