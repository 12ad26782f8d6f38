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
  /** Files and links of the baseline that have its content, but were written, renamed, linked or given other modes. */
  readonly touched: BytePath[] = [];
  /** Directories of submodules that are gone: no change, since a task cannot make one. */
  readonly missingModules: BytePath[] = [];
  /** Directories of the baseline that are there, as directories. */
  readonly directories: BytePath[] = [];
  readonly #options: WalkOptions;
  readonly #root: BytePath;
  /** Files of the baseline, by name, in each of its directories. */
  readonly #tracked = new Map<BytePath, Map<BytePath, IndexEntry>>();
  /** How many of them stand there, as whatever. */
  #seen = 0;
  /** The names in those directories of the baseline in which one of its files is missing; null: none is. */
  readonly #names = new Map<BytePath, ReadonlySet<BytePath> | null>();
  readonly #closedDirectories: BytePath[] = [];
  #untracked: Untracked[] = [];

  constructor(options: WalkOptions) {
    this.#options = options;
    this.#root = fromText(options.root);
    let directory: BytePath | null = null;
    let files = new Map<BytePath, IndexEntry>();
    for (const [path, entry] of options.baseline) {
      const slash = path.lastIndexOf('/');
      // Sorted as they are, most lie where the one before lay.
      if (directory?.length !== Math.max(0, slash) || !path.startsWith(directory)) {
        directory = path.slice(0, Math.max(0, slash));
        files = this.#filesOf(directory);
      }
      files.set(path.slice(slash + 1), entry);
    }
  }

  /** Of a directory of the baseline; from now on it is one, with those above it. */
  #filesOf(directory: BytePath): Map<BytePath, IndexEntry> {
    const known = this.#tracked.get(directory);
    if (known !== undefined) return known;
    const files = new Map<BytePath, IndexEntry>();
    this.#tracked.set(directory, files);
    if (directory !== '') this.#filesOf(directory.slice(0, Math.max(0, directory.lastIndexOf('/'))));
    return files;
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
    if (this.#seen < this.#options.baseline.size) this.#addGone();
    return this.#takeUntracked();
  }

  #addGone(): void {
    for (const [directory, files] of this.#tracked) {
      const names = this.#names.get(directory);
      if (names === null || this.#isUnread(directory)) continue;
      for (const [name, { mode }] of files) {
        if (names?.has(name) === true) continue;
        const path = directory === '' ? name : `${directory}/${name}`;
        if (mode === MODE_GITLINK) this.missingModules.push(path);
        else if (!this.#isExcluded(path)) this.changes.push({ path, mode, oid: null });
      }
    }
  }

  /** Whether it lies in one that was refused: what is in that one must not look deleted. */
  #isUnread(directory: BytePath): boolean {
    return this.#closedDirectories.some((closed) => directory === closed || directory.startsWith(`${closed}/`));
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
    const files = this.#tracked.get(directory);
    if (files !== undefined) this.directories.push(directory);
    const prefix = directory === '' ? '' : `${directory}/`;
    const place = `${this.#root}/${prefix}`;
    let found = 0;
    for (const entry of entries) {
      const before = files?.get(entry.name);
      if (before !== undefined) {
        found += 1;
        // Most of what there is: nothing more is made of it, not even its path.
        if (entry.isFile() && this.#isFileUntouched(place + entry.name, before)) continue;
      }
      const path = prefix + entry.name;
      if (path === '.git' || this.#options.excluded.has(path)) continue;
      if (this.#isForbidden(entry, before !== undefined || this.#tracked.has(path))) {
        this.#refuse(path, 'has a name that git does not hold');
      } else this.#entry(path, entry, before);
    }
    if (files === undefined) return;
    this.#seen += found;
    this.#names.set(directory, found === files.size ? null : new Set(entries.map(({ name }) => name)));
  }

  /** What the baseline has under a name git holds, as the kind that it is there. */
  #isForbidden(entry: Dirent<string>, isOfBaseline: boolean): boolean {
    if (entry.isSymbolicLink() && isForbiddenLink(entry.name)) return true;
    return !isOfBaseline && isForbiddenName(entry.name);
  }

  #entry(path: BytePath, entry: Dirent<string>, before: IndexEntry | undefined): void {
    if (before?.mode === MODE_GITLINK) {
      const empty = entry.isDirectory() && this.#list(path)?.length === 0;
      if (!empty) this.#refuse(path, 'is a submodule, which a task cannot fill or replace');
    } else if (entry.isDirectory()) {
      if (before !== undefined) this.changes.push({ path, mode: before.mode, oid: null });
      if (this.#tracked.has(path)) this.#directory(path);
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
    if (before !== undefined && before.oid === oid && before.mode === mode) {
      if (!isSameStat(stat, before)) this.touched.push(path);
      return;
    }
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

  #isFileUntouched(absolute: BytePath, before: IndexEntry): boolean {
    try {
      const stat = lstatSync(toFileSystem(absolute));
      const mode = (stat.mode & 0o100) === 0 ? MODE_FILE : MODE_EXECUTABLE;
      return mode === before.mode && this.#isUntouched(stat, before);
    } catch (error) {
      // To be looked at again, with the permissions given back.
      if (errnoOf(error) !== 'EACCES') throw error;
      return false;
    }
  }

  #isUntouched(stat: Stats, before: IndexEntry): boolean {
    return stat.ctimeMs < this.#options.trustedBeforeMs && isSameStat(stat, before);
  }

  #refuse(path: BytePath, why: string): void {
    this.refused.push({ path, why });
  }

  /** With all of the baseline below it, which must not look deleted. */
  #refuseDirectory(directory: BytePath, why: string): void {
    this.#refuse(directory, why);
    this.#closedDirectories.push(directory);
  }

  #list(directory: BytePath): Dirent<string>[] | null {
    const absolute = this.#absolute(directory);
    const list = (): Dirent<string>[] => readdirSync(absolute, { withFileTypes: true, encoding: 'latin1' });
    const entries = this.#permitted(directory, list);
    if (entries === null) this.#refuseDirectory(directory, 'cannot be read');
    return entries;
  }

  #stat(path: BytePath): Stats | null {
    const absolute = this.#absolute(path);
    try {
      return lstatSync(absolute);
    } catch (error) {
      if (errnoOf(error) !== 'EACCES') throw error;
    }
    return this.#permitted(path.slice(0, Math.max(0, path.lastIndexOf('/'))), () => lstatSync(absolute));
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

function isSameStat(stat: Stats, before: IndexEntry): boolean {
  return (
    isSameSize(stat, before) &&
    stat.ino % 2 ** 32 === before.ino &&
    isSameTime(stat.ctimeMs, before.ctimeSeconds, before.ctimeNanoseconds) &&
    isSameTime(stat.mtimeMs, before.mtimeSeconds, before.mtimeNanoseconds)
  );
}

/** Times as doubles of milliseconds are good to a fraction of a microsecond. */
function isSameTime(ms: number, seconds: number, nanoseconds: number): boolean {
  return Math.abs(ms - (seconds * 1000 + nanoseconds / 1e6)) < 0.001;
}
