import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { inertLine } from '../../core/inert.ts';
import { taskIdKey } from '../../core/task.ts';
import { isUserError } from '../../core/user-error.ts';
import type { Location } from '../../git/locate.ts';
import type { StoreReader } from '../../store/store.ts';
import type { Reading } from '../context.ts';
import { isTaskFileName, readTaskFile, TASKS_DIRECTORY } from '../../trackers/task-directory.ts';

const IMPORT_MARGIN_MS = 2_000;
/** Of so many files it is looked into what is in them. */
const PARSED_MAX = 100;
const MESSAGE_MAX = 300;

/** Where tasks stand in files, and what is known of them. Without a reader: nothing is. */
export interface Backlog {
  readonly reader: Pick<StoreReader, 'rows'> | null;
  readonly location: Pick<Location, 'root'>;
}

/** A file that no import takes until it is mended. The message names file, line and column. */
export interface BrokenFile {
  readonly path: string;
  readonly message: string;
}

export interface Unimported {
  /** They join at the next import, as far as is seen. */
  readonly joining: number;
  readonly broken: readonly BrokenFile[];
}

/**
 * Task files that no run has read yet. The directory is listed only when it has changed since the last import, or so
 * shortly before that it may have missed some.
 */
export async function lookAtUnimported(backlog: Backlog, importedMs: number): Promise<Unimported> {
  const paths = await unknownFiles(backlog, importedMs);
  if (paths.length === 0) return { joining: 0, broken: [] };
  const read = await readFiles(backlog, paths.slice(0, PARSED_MAX));
  const broken = read.flatMap(({ path, problem }) => (problem === null ? [] : [{ path, message: problem }]));
  return { joining: paths.length - broken.length, broken };
}

/** A file that the store does not know, as it was read. */
export interface NewFile {
  readonly path: string;
  /** Null where it is broken. */
  readonly id: string | null;
  readonly problem: string | null;
}

/** The file of a task that no run has read yet. A broken one is known by its name. */
export async function findUnimported(backlog: Backlog, typed: string): Promise<NewFile | null> {
  const key = taskIdKey(typed);
  const paths = await unknownFiles(backlog, 0);
  const isNamedSo = (path: string): boolean => taskIdKey(path.slice(TASKS_DIRECTORY.length + 1)).startsWith(key);
  // Most files are named after their task: those are looked at first.
  const likely = paths.toSorted((a, b) => Number(isNamedSo(b)) - Number(isNamedSo(a))).slice(0, PARSED_MAX);
  const files = await readFiles(backlog, likely);
  return (
    files.find(({ id }) => id !== null && taskIdKey(id) === key) ??
    files.find(({ id, path }) => id === null && [`${key}.md`, `${key}-`].some((name) => startsWith(path, name))) ??
    null
  );
}

function startsWith(path: string, name: string): boolean {
  return taskIdKey(path.slice(TASKS_DIRECTORY.length + 1)).startsWith(taskIdKey(name));
}

/** "8 task files join the backlog at the next: yard run" */
export function joiningLine(joining: number): string {
  return `${joining === 1 ? '1 task file joins' : `${joining} task files join`} the backlog at the next: yard run`;
}

/** The first mistake, and where all of them are told. */
export function brokenLine(broken: readonly BrokenFile[]): string {
  const head = broken.length === 1 ? '1 task file has a mistake' : `${broken.length} task files have mistakes`;
  return `${head}: ${inertLine(broken[0]?.message ?? '', MESSAGE_MAX)} (all: yard doctor tasks)`;
}

/** What is to be said of task files that are not in the store: nothing, in most cases. */
export async function unimportedLines({ reader, location }: Reading): Promise<string[]> {
  const { importedMs } = await reader.overview({ ready: 0, finished: 0 });
  const { joining, broken } = await lookAtUnimported({ reader, location }, importedMs);
  return [...(joining > 0 ? [joiningLine(joining)] : []), ...(broken.length > 0 ? [brokenLine(broken)] : [])];
}

async function unknownFiles({ reader, location }: Backlog, importedMs: number): Promise<string[]> {
  const directory = join(location.root, TASKS_DIRECTORY);
  const stat = statSync(directory, { throwIfNoEntry: false });
  if (stat?.isDirectory() !== true || stat.mtimeMs < importedMs - IMPORT_MARGIN_MS) return [];
  const known = new Set(((await reader?.rows()) ?? []).map(({ source }) => source?.path));
  return readdirSync(directory)
    .filter((name) => isTaskFileName(name))
    .map((name) => `${TASKS_DIRECTORY}/${name}`)
    .filter((path) => !known.has(path))
    .toSorted();
}

/** Reading them needs the parser, which is loaded only where there are any. */
async function readFiles({ location: { root } }: Backlog, paths: readonly string[]): Promise<NewFile[]> {
  if (paths.length === 0) return [];
  const [{ parseTaskFile }, { decodeText }] = await Promise.all([
    import('../../config/task-file.ts'),
    import('../../config/text.ts'),
  ]);
  return paths.flatMap((path): NewFile[] => {
    try {
      const file = readTaskFile(root, path);
      if (file === null) return [];
      const text = decodeText(file.bytes);
      if (text === null) return [{ path, id: null, problem: `${path}: it is not UTF-8 text` }];
      return [{ path, id: parseTaskFile(text, path).spec.id, problem: null }];
    } catch (error) {
      if (!isUserError(error)) throw error;
      return [{ path, id: null, problem: error.message }];
    }
  });
}
