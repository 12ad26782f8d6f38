/**
 * Tasks from the files `.yard/tasks/*.md` of a working tree. Invariants:
 * 1. A file is read again when its stamp differs from the one it was read with, or when it was written so shortly before
 *    the reading that a later write could have left the same stamp.
 * 2. A new, renamed or vanished file shows at once; an edit shows within `files / STATS_PER_CALL` calls.
 * 3. What is imported was read in the same call.
 * 4. Files of final tasks are neither looked at nor read, as long as they keep their names.
 * 5. Two files of one id (case aside) give a problem; the one that the row came from stays the task's source.
 */
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { quote } from '../config/quote.ts';
import { hasControlCharacter } from '../config/relative-path.ts';
import { idInFileName, parseTaskFile } from '../config/task-file.ts';
import { decodeText } from '../config/text.ts';
import { type TaskSpec, taskIdKey } from '../core/task.ts';
import { isUserError, UserError } from '../core/user-error.ts';
import { hashOf } from './content-hash.ts';
import { KnownTasks } from './known-tasks.ts';
import {
  type FileStamp,
  isRacy,
  isSameStamp,
  readTaskFile,
  stampOf,
  TaskDirectory,
  TASKS_DIRECTORY,
} from './task-directory.ts';
import type { KnownTask, SourcedTask, TaskChanges, Tracker } from './tracker.ts';

/** Ten thousand `lstat` calls are 25 ms; a cycle has 50 for everything. */
const STATS_PER_CALL = 1_000;
/** A first import reads thousands of files: others get a turn in between. */
const READS_PER_TURN = 100;

type Content =
  | { readonly kind: 'task'; readonly id: string; readonly hash: string; readonly warnings: readonly string[] }
  | { readonly kind: 'problem'; readonly error: UserError };

interface CachedFile {
  /** Null: read again next time. */
  readonly stamp: FileStamp | null;
  readonly content: Content;
}

/** A file that says it is the task. */
interface Claim {
  readonly path: string;
  readonly id: string;
  readonly hash: string;
}

interface Index {
  /** By id, case aside. */
  readonly claims: ReadonlyMap<string, readonly Claim[]>;
  /** Ids that files which cannot be read stand for by name: their tasks have not gone. */
  readonly standing: ReadonlySet<string>;
  readonly problems: readonly UserError[];
  readonly warnings: readonly string[];
}

/** Keeps what it has read, so that a later call costs little; use one object for all cycles of a process. */
export class LocalTaskSource implements Tracker {
  readonly #root: string;
  readonly #directory: TaskDirectory;
  readonly #known = new KnownTasks();
  readonly #files = new Map<string, CachedFile>();
  #index: Index | null = null;
  #wanted: { from: readonly string[]; finals: number; paths: readonly string[] } | null = null;
  #nextToCheck = 0;

  /** `root` is the working tree whose `.yard/tasks` is read. */
  constructor(root: string) {
    this.#root = root;
    this.#directory = new TaskDirectory(root);
  }

  async changes(rows: readonly KnownTask[]): Promise<TaskChanges> {
    this.#known.learn(rows);
    const paths = this.#directory.paths();
    if (paths === null) {
      this.#files.clear();
      this.#index = null;
      // Another branch is checked out, most likely: that is no reason to cancel every task.
      const had = rows.some((row) => row.source !== null && this.#known.live.has(row.id));
      const warnings = had ? [`${TASKS_DIRECTORY} has gone; its tasks are kept`] : [];
      return { imports: [], removed: [], problems: [], warnings };
    }
    const fresh = new Map<string, TaskSpec>();
    await this.#refresh(paths, fresh);
    const first = this.#compare(fresh);
    if (first.unread.length === 0) return this.#told(first.changes);
    for (const path of first.unread) this.#read(path, fresh, true);
    return this.#told(this.#compare(fresh).changes);
  }

  #told(changes: TaskChanges): TaskChanges {
    const { unfinished } = this.#directory;
    if (unfinished === 0) return changes;
    const warning = `${unfinished} new task files do not count yet; if nobody is adding them, a new yard add clears them away`;
    return { ...changes, warnings: [...changes.warnings, warning] };
  }

  /** Brings the cache to what the directory has now, within the budget of this call. */
  async #refresh(paths: readonly string[], fresh: Map<string, TaskSpec>): Promise<void> {
    const wanted = this.#wantedOf(paths);
    const added = this.#files.size < wanted.length ? wanted.filter((path) => !this.#files.has(path)) : [];
    const budget = Math.min(STATS_PER_CALL, this.#files.size);
    const start = this.#nextToCheck < wanted.length ? this.#nextToCheck : 0;
    for (let index = 0; index < budget; index += 1) {
      const path = wanted[(start + index) % wanted.length] ?? '';
      const stamp = this.#files.get(path)?.stamp;
      if (stamp === undefined) continue;
      const now = stamp === null ? null : stampOf(join(this.#root, path));
      if (stamp === null || now === null || !isSameStamp(stamp, now)) this.#read(path, fresh, false);
    }
    this.#nextToCheck = start + budget;
    for (const [index, path] of added.entries()) {
      if (index % READS_PER_TURN === READS_PER_TURN - 1) await setImmediate();
      this.#read(path, fresh, false);
    }
  }

  /** The paths to look at: all but those of final tasks. What is no longer among them is forgotten. */
  #wantedOf(paths: readonly string[]): readonly string[] {
    const { finalPaths } = this.#known;
    if (this.#wanted?.from === paths && this.#wanted.finals === finalPaths.size) return this.#wanted.paths;
    const wanted = paths.filter((path) => !finalPaths.has(path));
    const present = new Set(wanted);
    for (const path of this.#files.keys()) if (!present.has(path)) this.#forget(path);
    this.#wanted = { from: paths, finals: finalPaths.size, paths: wanted };
    return wanted;
  }

  /** Reads a file; parses it only if it is not what its row has already, or `always`. */
  #read(path: string, fresh: Map<string, TaskSpec>, always: boolean): void {
    this.#index = null;
    const readMs = Date.now();
    try {
      if (hasControlCharacter(path)) throw oddName(path);
      const file = readTaskFile(this.#root, path);
      if (file === null) {
        this.#forget(path);
        return;
      }
      const stamp = isRacy(file.stamp, readMs) ? null : file.stamp;
      this.#files.set(path, { stamp, content: this.#contentOf(path, file.bytes, fresh, always) });
    } catch (error) {
      if (!isUserError(error)) throw error;
      this.#files.set(path, { stamp: null, content: { kind: 'problem', error } });
    }
  }

  #contentOf(path: string, bytes: Buffer, fresh: Map<string, TaskSpec>, always: boolean): Content {
    const hash = hashOf(bytes);
    const old = this.#files.get(path)?.content;
    // Touched, not changed.
    if (!always && old?.kind === 'task' && old.hash === hash) return old;
    const row = this.#known.liveByPath(path);
    if (!always && row?.source?.hash === hash) return { kind: 'task', id: row.id, hash, warnings: [] };
    try {
      const { spec, warnings } = parse(path, bytes);
      fresh.set(path, spec);
      return { kind: 'task', id: spec.id, hash, warnings };
    } catch (error) {
      if (!isUserError(error)) throw error;
      return { kind: 'problem', error };
    }
  }

  #forget(path: string): void {
    this.#files.delete(path);
    this.#index = null;
  }

  /** `unread`: files that differ from their rows, and have to be read before they can be imported. */
  #compare(fresh: ReadonlyMap<string, TaskSpec>): { changes: TaskChanges; unread: string[] } {
    this.#index ??= makeIndex(this.#files);
    const { claims, warnings } = this.#index;
    const { live } = this.#known;
    const problems = [...this.#index.problems];
    const imports: SourcedTask[] = [];
    const unread: string[] = [];
    let settled = 0;
    for (const [key, claimed] of claims) {
      const [only] = claimed;
      // By far the most: one file, the row's, as it was imported.
      if (claimed.length === 1 && only !== undefined && isImported(only, live.get(only.id))) {
        settled += 1;
        continue;
      }
      const row = this.#known.liveByKey(key);
      const { chosen, clashes } = choose(claimed, this.#pathOf(key, row));
      problems.push(...clashes);
      const isFinal = row === undefined && this.#known.finalPath(key) !== undefined;
      if (chosen === null || isFinal || isImported(chosen, row)) continue;
      const spec = fresh.get(chosen.path);
      if (row !== undefined && row.id !== chosen.id) problems.push(caseClash(chosen, row.id));
      else if (spec === undefined) unread.push(chosen.path);
      else imports.push({ spec, source: { path: chosen.path, hash: chosen.hash } });
    }
    const removed = settled === live.size ? [] : this.#removed(this.#index);
    return { changes: { imports, removed, problems, warnings }, unread };
  }

  #removed({ claims, standing }: Index): string[] {
    const removed: string[] = [];
    for (const row of this.#known.live.values()) {
      const key = taskIdKey(row.id);
      if (row.source === null || claims.has(key) || standing.has(key)) continue;
      // Its file is there but cannot be read: that is a problem, not an end.
      if (this.#files.get(row.source.path)?.content.kind !== 'problem') removed.push(row.id);
    }
    return removed;
  }

  /** The path by which the task is known, if its file is there and does not say by now that it is another task. */
  #pathOf(key: string, row: KnownTask | undefined): string | null {
    if (row === undefined) {
      const path = this.#known.finalPath(key) ?? null;
      return path !== null && this.#directory.has(path) ? path : null;
    }
    const content = row.source === null ? undefined : this.#files.get(row.source.path)?.content;
    if (row.source === null || content === undefined) return null;
    return content.kind === 'problem' || taskIdKey(content.id) === key ? row.source.path : null;
  }
}

function makeIndex(files: ReadonlyMap<string, CachedFile>): Index {
  const claims = new Map<string, Claim[]>();
  const standing = new Set<string>();
  const problems: UserError[] = [];
  const warnings: string[] = [];
  for (const [path, { content }] of [...files].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    if (content.kind === 'problem') {
      problems.push(content.error);
      const id = idInFileName(path);
      if (id !== null) standing.add(taskIdKey(id));
      continue;
    }
    warnings.push(...content.warnings);
    const key = taskIdKey(content.id);
    const claim = { path, id: content.id, hash: content.hash };
    const others = claims.get(key);
    if (others === undefined) claims.set(key, [claim]);
    else others.push(claim);
  }
  return { claims, standing, problems, warnings };
}

/** Which file is the task's: the one it is known by, or the only one. The others clash with it, or with each other. */
function choose(claims: readonly Claim[], known: string | null): { chosen: Claim | null; clashes: UserError[] } {
  if (known !== null) {
    const chosen = claims.find(({ path }) => path === known) ?? null;
    return { chosen, clashes: claims.flatMap((claim) => (claim === chosen ? [] : [duplicate([claim.path, known])])) };
  }
  const [only, ...rest] = claims;
  if (only !== undefined && rest.length === 0) return { chosen: only, clashes: [] };
  return { chosen: null, clashes: [duplicate(claims.map(({ path }) => path))] };
}

function isImported(claim: Claim, row: KnownTask | undefined): boolean {
  return row !== undefined && row.source?.hash === claim.hash && row.source.path === claim.path && row.id === claim.id;
}

function parse(path: string, bytes: Buffer): { spec: TaskSpec; warnings: readonly string[] } {
  const text = decodeText(bytes);
  if (text !== null) return parseTaskFile(text, path);
  const hint = 'Save it as UTF-8.';
  throw new UserError({
    code: 'task-encoding',
    message: `${path}: this is not UTF-8 text`,
    hint,
    place: { file: path },
  });
}

function duplicate(paths: readonly string[]): UserError {
  const [first = '', ...others] = paths;
  const message = `${first}: its id is also that of ${others.join(', ')}`;
  const hint = 'Give one of them another id; case does not count.';
  return new UserError({ code: 'task-duplicate-id', message, hint, place: { file: first } });
}

function caseClash({ path, id }: Claim, known: string): UserError {
  const message = `${path}: the id ${id} differs from the known ${known} only in case`;
  const hint = 'Give it another number.';
  return new UserError({ code: 'task-duplicate-id', message, hint, place: { file: path } });
}

function oddName(path: string): UserError {
  const message = `${quote(path)}: the name of the file has a control character`;
  return new UserError({ code: 'task-control-character', message, hint: 'Rename it.', place: { file: quote(path) } });
}
