import { lstatSync, readdirSync } from 'node:fs';
import type { Dirent, Stats } from 'node:fs';

import { errnoOf } from '../process/errno.ts';
import { blobId, hashRegularFile, readLinkBytes } from './blob.ts';
import type { ObjectFormat } from './blob.ts';
import { fromText, isForbiddenLink, isForbiddenName, toFileSystem } from './byte-path.ts';
import type { BytePath } from './byte-path.ts';
import { MODE_EXECUTABLE, MODE_FILE, MODE_GITLINK, MODE_LINK } from './index-file.ts';
import type { IndexEntry } from './index-file.ts';
import { IntegrityError } from './integrity-error.ts';
import { chmodSync } from '../process/file-system.ts';

/*
 * Reads a directory that a hostile process has written. Invariants:
 * 1. Every process that could write to it is dead: nothing changes under the walk.
 * 2. No link is followed, nothing but regular files is opened, no git runs.
 * 3. What equals the baseline in size, mtime, ctime and inode, with a ctime older than `trustedBeforeMs`, is taken as
 *    unchanged (a ctime cannot be set back); everything else is read and hashed.
 * 4. What git cannot hold, or must not, is reported in `refused`, never dropped.
 */

export interface WalkOptions {
  readonly root: string;
  /** What the directory was filled with. */
  readonly baseline: ReadonlyMap<BytePath, IndexEntry>;
  readonly trustedBeforeMs: number;
  readonly format: ObjectFormat;
  /** Paths that are left out, with all below them: provisioned files, prewarm outputs. */
  readonly excluded: ReadonlySet<BytePath>;
}

/** A path whose content is not the baseline's. `oid` null: it is gone. */
export interface Change {
  readonly path: BytePath;
  readonly mode: number;
  readonly oid: string | null;
}

export interface Refusal {
  readonly path: BytePath;
  readonly why: string;
}

export interface Untracked {
  readonly path: BytePath;
  /** `special`: a socket, FIFO or device. */
  readonly kind: 'directory' | 'file' | 'link' | 'special';
}

/** Larger files are refused: git would hold them, every clone would pay for them. */
export const FILE_BYTES_MAX = 100 * 1024 * 1024;

/** Longer absolute paths are refused: they would leave no room for those of gates, and of people. */
const PATH_BYTES_MAX = 3_800;

export class Walk {
  readonly changes: Change[] = [];
  readonly refused: Refusal[] = [];
  /** Sockets, FIFOs and devices that stand where nothing of the baseline stood. Git has no word for them. */
  readonly special: BytePath[] = [];
  readonly #options: WalkOptions;
  readonly #root: BytePath;
  readonly #trackedDirectories = new Set<BytePath>();
  readonly #seen = new Set<BytePath>();
  #untracked: Untracked[] = [];

  constructor(options: WalkOptions) {
    this.#options = options;
    this.#root = fromText(options.root);
    for (const path of options.baseline.keys()) {
      for (let slash = path.lastIndexOf('/'); slash !== -1; slash = path.lastIndexOf('/', slash - 1)) {
        const directory = path.slice(0, slash);
        if (this.#trackedDirectories.has(directory)) break;
        this.#trackedDirectories.add(directory);
      }
    }
  }

  /**
   * Reads all that the baseline has; returns the topmost entries that it has not.
   *
   * @throws IntegrityError when the root itself was replaced.
   */
  tracked(): Untracked[] {
    if (lstatSync(this.#absolute(''), { throwIfNoEntry: false })?.isDirectory() !== true) {
      throw new IntegrityError(`${this.#options.root} was removed, or replaced by a link or a file`);
    }
    this.#directory('');
    for (const [path, entry] of this.#options.baseline) {
      if (this.#seen.has(path) || entry.mode === MODE_GITLINK || this.#isExcluded(path)) continue;
      this.changes.push({ path, mode: entry.mode, oid: null });
    }
    return this.#takeUntracked();
  }

  /** Reads untracked entries that are not ignored; returns what lies directly below the directories among them. */
  untracked(entries: readonly Untracked[]): Untracked[] {
    for (const { path, kind } of entries) {
      if (kind === 'directory') this.#directory(path);
      else if (kind === 'special') this.special.push(path);
      else this.#leaf(path, kind === 'link', undefined);
    }
    return this.#takeUntracked();
  }

  #takeUntracked(): Untracked[] {
    const taken = this.#untracked;
    this.#untracked = [];
    return taken;
  }

  #directory(directory: BytePath): void {
    const entries = this.#list(directory);
    if (entries === null) return;
    if (directory !== '' && entries.some((entry) => entry.name === '.git')) {
      this.#refuseDirectory(directory, 'is a repository of its own');
      return;
    }
    for (const entry of entries) {
      const path = directory === '' ? entry.name : `${directory}/${entry.name}`;
      if (path === '.git' || this.#options.excluded.has(path)) continue;
      if (isForbiddenName(entry.name) || (entry.isSymbolicLink() && isForbiddenLink(entry.name))) {
        this.#refuse(path, 'has a name that git does not hold');
      } else this.#entry(path, entry);
    }
  }

  #entry(path: BytePath, entry: Dirent<string>): void {
    const before = this.#options.baseline.get(path);
    if (before !== undefined) this.#seen.add(path);
    if (before?.mode === MODE_GITLINK) {
      const empty = entry.isDirectory() && this.#list(path)?.length === 0;
      if (!empty) this.#refuse(path, 'is a submodule, which a task cannot fill or replace');
    } else if (entry.isDirectory()) {
      if (before !== undefined) this.changes.push({ path, mode: before.mode, oid: null });
      if (this.#trackedDirectories.has(path)) this.#directory(path);
      else this.#found(path, 'directory');
    } else if (entry.isFile() || entry.isSymbolicLink()) {
      const isLink = entry.isSymbolicLink();
      if (before === undefined) this.#found(path, isLink ? 'link' : 'file');
      else this.#leaf(path, isLink, before);
    } else if (before === undefined) this.#found(path, 'special');
    else this.#refuse(path, 'was replaced by a socket, FIFO or device');
  }

  #found(path: BytePath, kind: Untracked['kind']): void {
    if (this.#root.length + path.length > PATH_BYTES_MAX) this.#refuse(path, 'has a path that is too long');
    else this.#untracked.push({ path, kind });
  }

  #leaf(path: BytePath, isLink: boolean, before: IndexEntry | undefined): void {
    const stat = this.#stat(path);
    if (stat === null) return this.#refuse(path, 'cannot be read');
    const mode = isLink ? MODE_LINK : (stat.mode & 0o100) !== 0 ? MODE_EXECUTABLE : MODE_FILE;
    if (before !== undefined && mode === before.mode && this.#isUntouched(stat, before)) return;
    const read = this.#hash(path, isLink, isSameSize(stat, before));
    if (read.kind === 'refused') return this.#refuse(path, read.why);
    const { oid } = read;
    if (before !== undefined && before.oid === oid && before.mode === mode) return;
    if (stat.size > FILE_BYTES_MAX) this.#refuse(path, `is larger than ${FILE_BYTES_MAX / 2 ** 20} MiB`);
    else this.changes.push({ path, mode, oid });
  }

  /** A file that the base has already may be of any size: it may turn out to be unchanged. */
  #hash(path: BytePath, isLink: boolean, anySize: boolean): ReturnType<typeof hashRegularFile> {
    const absolute = this.#absolute(path);
    const { format } = this.#options;
    if (isLink) return { kind: 'ok', oid: blobId(readLinkBytes(absolute), format) };
    return hashRegularFile(absolute, anySize ? Number.MAX_SAFE_INTEGER : FILE_BYTES_MAX, format);
  }

  #isUntouched(stat: Stats, before: IndexEntry): boolean {
    return (
      stat.ctimeMs < this.#options.trustedBeforeMs &&
      isSameSize(stat, before) &&
      stat.ino % 2 ** 32 === before.ino &&
      isSameTime(stat.ctimeMs, before.ctimeSeconds, before.ctimeNanoseconds) &&
      isSameTime(stat.mtimeMs, before.mtimeSeconds, before.mtimeNanoseconds)
    );
  }

  #refuse(path: BytePath, why: string): void {
    this.refused.push({ path, why });
  }

  /** With all of the baseline below it, which must not look deleted. */
  #refuseDirectory(directory: BytePath, why: string): void {
    this.#refuse(directory, why);
    for (const path of this.#options.baseline.keys()) if (path.startsWith(`${directory}/`)) this.#seen.add(path);
  }

  #list(directory: BytePath): Dirent<string>[] | null {
    const absolute = this.#absolute(directory);
    const list = (): Dirent<string>[] => readdirSync(absolute, { withFileTypes: true, encoding: 'latin1' });
    const entries = this.#permitted(directory, list);
    if (entries === null) this.#refuseDirectory(directory, 'cannot be read');
    return entries;
  }

  #stat(path: BytePath): Stats | null {
    return this.#permitted(path.slice(0, Math.max(0, path.lastIndexOf('/'))), () => lstatSync(this.#absolute(path)));
  }

  /** Tries again after giving the owner back the permissions of a directory and those above it; null if that fails. */
  #permitted<T>(directory: BytePath, read: () => T): T | null {
    try {
      return read();
    } catch (error) {
      if (errnoOf(error) !== 'EACCES') throw error;
    }
    try {
      for (let slash = 0; slash !== -1; slash = directory.indexOf('/', slash + 1)) {
        if (slash > 0) this.#unlock(directory.slice(0, slash));
        else this.#unlock('');
      }
      this.#unlock(directory);
      return read();
    } catch (error) {
      if (errnoOf(error) === 'EACCES' || errnoOf(error) === 'EPERM') return null;
      throw error;
    }
  }

  #unlock(directory: BytePath): void {
    const absolute = this.#absolute(directory);
    const { mode } = lstatSync(absolute);
    if ((mode & 0o700) !== 0o700) chmodSync(absolute, (mode & 0o7777) | 0o700);
  }

  #isExcluded(path: BytePath): boolean {
    if (this.#options.excluded.size === 0) return false;
    for (let slash = path.length; slash !== -1; slash = path.lastIndexOf('/', slash - 1)) {
      if (this.#options.excluded.has(path.slice(0, slash))) return true;
    }
    return false;
  }

  #absolute(path: BytePath): string | Buffer {
    return toFileSystem(path === '' ? this.#root : `${this.#root}/${path}`);
  }
}

/** The index keeps the lowest 32 bits. */
function isSameSize(stat: Stats, before: IndexEntry | undefined): boolean {
  return stat.size % 2 ** 32 === before?.size;
}

/** Times as doubles of milliseconds are good to a fraction of a microsecond. */
function isSameTime(ms: number, seconds: number, nanoseconds: number): boolean {
  return Math.abs(ms - (seconds * 1000 + nanoseconds / 1e6)) < 0.001;
}
