import { closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, readSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { isUserError, UserError } from '../core/user-error.ts';
import { errnoOf } from '../process/errno.ts';

/** Relative to the root of the repository. */
export const TASKS_DIRECTORY = '.yard/tasks';
/** Coarser than the time stamps of any file system in use, FAT apart. */
const RACY_MS = 100;
/** A directory that somebody keeps changing is taken as it was seen last. */
const LISTINGS_MAX = 5;
const SIZE_MAX_BYTES = 1024 * 1024;

/** What tells that a file is still the one that was read. */
export interface FileStamp {
  readonly mtimeMs: number;
  readonly ctimeMs: number;
  readonly sizeBytes: number;
  readonly inode: number;
}

/** The paths in `.yard/tasks`, listed again only when the directory has changed. */
export class TaskDirectory {
  readonly #root: string;
  #stamp: FileStamp | null = null;
  #paths: readonly string[] = [];
  #present: ReadonlySet<string> = new Set();
  #unfinished: ReadonlySet<string> = new Set();

  constructor(root: string) {
    this.#root = root;
  }

  /** Sorted paths of what may be task files; null when there is no such directory. Throws a UserError for a link. */
  paths(): readonly string[] | null {
    try {
      const nowMs = Date.now();
      const stamp = this.#check();
      if (this.#stamp !== null && isSameStamp(stamp, this.#stamp)) return this.#paths;
      const { names: all, unfinished } = list(this.#root);
      this.#unfinished = unfinished;
      const names = all.filter((name) => isTaskFileName(name) && !this.#unfinished.has(name)).toSorted();
      this.#paths = names.map((name) => `${TASKS_DIRECTORY}/${name}`);
      this.#present = new Set(this.#paths);
      this.#stamp = isRacy(stamp, nowMs) ? null : stamp;
      return this.#paths;
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return null;
      throw mended(error, TASKS_DIRECTORY);
    }
  }

  /** How many files do not count yet: they belong to a batch that is being written, or was broken off. */
  get unfinished(): number {
    return this.#unfinished.size;
  }

  /** Whether the path was there when the paths were listed last. */
  has(path: string): boolean {
    return this.#present.has(path);
  }

  #check(): FileStamp {
    const parent = lstatSync(join(this.#root, '.yard'));
    if (!parent.isDirectory()) throw notPlain('.yard', 'a directory');
    const stats = lstatSync(join(this.#root, TASKS_DIRECTORY));
    if (!stats.isDirectory()) throw notPlain(TASKS_DIRECTORY, 'a directory');
    return toStamp(stats);
  }
}

/** The names that say which files do not count yet (`task-batch.ts`). */
export function batchMarkers(names: readonly string[]): string[] {
  return names.filter((name) => /^\.batch-[0-9a-f-]{36}\.json$/.test(name));
}

interface Listing {
  readonly names: readonly string[];
  readonly unfinished: ReadonlySet<string>;
}

/**
 * Lists the directory, and what of it does not count. A batch that begins or ends under the listing may show in part:
 * then it is listed again.
 */
function list(root: string): Listing {
  const directory = join(root, TASKS_DIRECTORY);
  for (let tries = 1; ; tries += 1) {
    const before = stampOf(directory);
    const names = readdirSync(directory);
    const markers = batchMarkers(names);
    const files = markers.map((name) => filesOf(root, name));
    const after = stampOf(directory);
    const isStill = before !== null && after !== null && isSameStamp(before, after);
    const isWhole = files.every((each) => each !== null) && (markers.length > 0 || isStill);
    if (!isWhole && tries < LISTINGS_MAX) continue;
    const present = new Set(names);
    return { names, unfinished: new Set(files.flatMap((each) => each ?? []).filter((name) => present.has(name))) };
  }
}

/** A batch of ten thousand files has a marker of 2 MB. */
const MARKER_MAX_BYTES = 16 * 1024 * 1024;

/** What a marker of a batch holds. A repository brings what stands there: nothing of it is known to be ours. */
export function readMarker(root: string, name: string): unknown {
  try {
    const marker = readTaskFile(root, `${TASKS_DIRECTORY}/${name}`, MARKER_MAX_BYTES);
    return marker === null ? GONE : JSON.parse(marker.bytes.toString('utf8'));
  } catch (error) {
    // It is not our file (a link, a FIFO, no JSON), and says nothing.
    if (error instanceof SyntaxError || isUserError(error)) return null;
    throw error;
  }
}

/** There is no such marker any more: its batch counts by now, or was taken back. */
const GONE = Symbol('gone');

/** The names of files that a marker says do not count yet; null: it has gone. */
function filesOf(root: string, name: string): string[] | null {
  const marker = readMarker(root, name);
  if (marker === GONE) return null;
  if (typeof marker !== 'object' || marker === null || !('files' in marker)) return [];
  return typeof marker.files === 'object' && marker.files !== null ? Object.keys(marker.files) : [];
}

/** Editors keep their own files beside ours under names that start with a dot. */
export function isTaskFileName(name: string): boolean {
  return name.endsWith('.md') && !name.startsWith('.') && name.toLowerCase() !== 'readme.md';
}

/** The stamp of a file that was there; null when it has gone. Links are not followed. */
export function stampOf(path: string): FileStamp | null {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  return stats === undefined ? null : toStamp(stats);
}

export function isSameStamp(a: FileStamp, b: FileStamp): boolean {
  return a.mtimeMs === b.mtimeMs && a.ctimeMs === b.ctimeMs && a.sizeBytes === b.sizeBytes && a.inode === b.inode;
}

/** A later change might leave the same stamp, so shortly before `nowMs` was this one made. */
export function isRacy(stamp: FileStamp, nowMs: number): boolean {
  return Math.max(stamp.mtimeMs, stamp.ctimeMs) > nowMs - RACY_MS;
}

/**
 * Reads one task file: a regular one, no link, at most 1 MiB; nothing blocks. Null when it has gone. Throws a UserError
 * for a file that a person must mend. `path` is relative to the root.
 */
export function readTaskFile(
  root: string,
  path: string,
  maxBytes = SIZE_MAX_BYTES,
): { stamp: FileStamp; bytes: Buffer } | null {
  try {
    const file = openSync(join(root, path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const stats = fstatSync(file);
      if (!stats.isFile()) throw notPlain(path, 'a regular file');
      if (stats.size > maxBytes) throw tooLarge(path);
      return { stamp: toStamp(stats), bytes: readAll(file, stats.size, path, maxBytes) };
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw mended(error, path);
  }
}

function readAll(file: number, sizeBytes: number, path: string, maxBytes: number): Buffer {
  // One byte more shows whether it grew under the reading; then the next stamp differs, and it is read again.
  const bytes = Buffer.allocUnsafe(sizeBytes + 1);
  let filled = 0;
  while (filled < bytes.length) {
    const count = readSync(file, bytes, filled, bytes.length - filled, filled);
    if (count === 0) break;
    filled += count;
  }
  if (filled > maxBytes) throw tooLarge(path);
  return bytes.subarray(0, filled);
}

function toStamp(stats: Stats): FileStamp {
  return { mtimeMs: stats.mtimeMs, ctimeMs: stats.ctimeMs, sizeBytes: stats.size, inode: stats.ino };
}

function tooLarge(file: string): UserError {
  const hint = 'Shorten it, or link to what is long.';
  return new UserError({
    code: 'task-too-large',
    message: `${file}: the file is larger than 1 MiB`,
    hint,
    place: { file },
  });
}

function notPlain(file: string, what: string): UserError {
  const hint = `Put ${what} there; links are not followed.`;
  return new UserError({ code: 'task-not-a-file', message: `${file}: this is not ${what}`, hint, place: { file } });
}

function mended(error: unknown, file: string): unknown {
  switch (errnoOf(error)) {
    case 'ELOOP':
    case 'ENXIO':
    case 'EISDIR':
    case 'ENOTDIR':
      return notPlain(file, 'a regular file');
    case 'EACCES':
    case 'EPERM': {
      const message = `${file}: no permission to read it`;
      return new UserError({
        code: 'task-unreadable',
        message,
        hint: 'Give yourself read permission.',
        place: { file },
      });
    }
    default:
      return error;
  }
}
