import { join } from 'node:path';

import { errnoOf } from '../process/errno.ts';
import { blobId, readLinkBytes, readRegularFile } from './blob.ts';
import { fromText, toFileSystem, toText } from './byte-path.ts';
import type { BytePath } from './byte-path.ts';
import { refusedContent } from './checked-content.ts';
import { readBlobs } from './depot.ts';
import type { Depot } from './depot.ts';
import { GitError, wasKilled } from './git.ts';
import { IgnoreRules, RULES_BYTES_MAX } from './ignore.ts';
import { readIncluded } from './included.ts';
import { MODE_EXECUTABLE, MODE_FILE, MODE_LINK } from './index-file.ts';
import type { IndexEntry } from './index-file.ts';
import { IntegrityError } from './integrity-error.ts';
import { isNamed } from './tree.ts';
import { Walk } from './walk.ts';
import type { Change, Refusal, Untracked } from './walk.ts';

export interface SnapshotOptions {
  readonly depot: Depot;
  readonly root: string;
  /** What the lane was filled with. */
  readonly baseline: ReadonlyMap<BytePath, IndexEntry>;
  /** Wall-clock time before which an unchanged ctime proves an unchanged file. */
  readonly trustedBeforeMs: number;
  /** Rules of the base: what they ignore never enters a snapshot, whatever the lane says by now. */
  readonly baseRules: readonly RulesFile[];
  /** Content of the operator's own excludes. */
  readonly excludes: string;
  /** Text paths of provisioned files and prewarm outputs. */
  readonly excluded: readonly string[];
  /** Patterns of ignored files that are read all the same; they come as `ignored`. None unless said. */
  readonly include?: readonly string[];
  /** A directory for scratch files. */
  readonly temporary: string;
  /** False leaves the `.gitignore` files of the lane unread: only the base's count. */
  readonly ownRules?: boolean;
  /** How long git may take over the ignore rules, for each level of directories. */
  readonly rulesTimeoutMs?: number | undefined;
}

/** What a lane holds now, against its baseline. Sorted by path. */
export interface Snapshot {
  readonly changes: readonly Change[];
  /** What git cannot hold or a task must not make: the attempt ends as `policy`. */
  readonly refused: readonly Refusal[];
  readonly special: readonly BytePath[];
  /** Ignored files that `include` names. They are work that may be kept, and never part of what is committed. */
  readonly ignored: readonly Change[];
}

/**
 * Reads a lane.
 *
 * @throws IntegrityError when git comes to no end with the ignore rules, and when the lane itself was replaced.
 */
export async function takeSnapshot(options: SnapshotOptions): Promise<Snapshot> {
  const walk = new Walk({
    root: options.root,
    baseline: options.baseline,
    trustedBeforeMs: options.trustedBeforeMs,
    format: options.depot.format,
    excluded: new Set(options.excluded.map((path) => fromText(path.replace(/^(?:\.\/)+|\/+$/g, '')))),
  });
  const untracked = walk.tracked();
  const skipped = untracked.length > 0 ? await readUntracked(walk, untracked, options) : [];
  const changes = [...walk.changes];
  const included = readIncluded(walk, skipped, options.include ?? []);
  const broken = await refusedContent([...changes, ...included.changes], { ...options, format: options.depot.format });
  const isWhole = ({ path }: Change): boolean => !broken.some((refusal) => refusal.path === path);
  return {
    changes: sortByPath(changes.filter(isWhole)),
    refused: [...included.refused, ...broken],
    special: walk.special,
    ignored: sortByPath(included.changes.filter(isWhole)),
  };
}

function sortByPath(changes: readonly Change[]): Change[] {
  return changes.toSorted((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

/** Returns what it left out: the topmost of all that is ignored. */
async function readUntracked(walk: Walk, first: readonly Untracked[], options: SnapshotOptions): Promise<Untracked[]> {
  const skipped: Untracked[] = [];
  const ofBase = await IgnoreRules.create(options.temporary, options.excludes);
  let ofLane: IgnoreRules | null = null;
  try {
    for (const [path, data] of await readRulesOf(options, options.baseRules, walk)) ofBase.add(path, data);
    const laneRules = new LaneRules(walk, first, options);
    if (laneRules.isOwn) ofLane = await laneRules.create();
    const without = async (rules: IgnoreRules, entries: readonly Untracked[], whose: string): Promise<Untracked[]> => {
      const ignored = await decide(rules, entries, whose, options.rulesTimeoutMs);
      skipped.push(...entries.filter(({ path }) => ignored.has(path)));
      return entries.filter(({ path }) => !ignored.has(path));
    };
    for (let level = [...first]; level.length > 0;) {
      const kept = await without(ofBase, level, 'base');
      level = walk.untracked(ofLane === null ? kept : await without(ofLane, kept, 'lane'));
      ofLane = await laneRules.grow(ofLane, level);
    }
    return skipped;
  } finally {
    await ofBase.dispose();
    await ofLane?.dispose();
  }
}

async function decide(
  rules: IgnoreRules,
  entries: readonly Untracked[],
  whose: string,
  timeoutMs: number | undefined,
): Promise<Set<BytePath>> {
  try {
    return await rules.ignored(entries, timeoutMs);
  } catch (error) {
    // A machine that fails says nothing of the rules; that git refuses them, or comes to no end with them, does.
    if (!(error instanceof GitError) || error.fault !== null || wasKilled(error)) throw error;
    throw new IntegrityError(`the ignore rules of the ${whose} could not be decided: ${error.message}`, {
      cause: error,
    });
  }
}

/** The lane's own `.gitignore` files: those it was filled with, as they were changed, and new ones. */
class LaneRules {
  readonly #options: SnapshotOptions;
  readonly #walk: Walk;
  readonly #filled: readonly RulesFile[];
  readonly #changed = new Map<BytePath, Buffer | null>();

  constructor(walk: Walk, first: readonly Untracked[], options: SnapshotOptions) {
    this.#options = options;
    this.#walk = walk;
    this.#filled = options.ownRules === false ? [] : rulesFilesOf(options.baseline);
    if (options.ownRules === false) return;
    for (const { path, mode, oid } of walk.changes) {
      if (!isNamed(path, '.gitignore')) continue;
      const isFile = oid !== null && (mode === MODE_FILE || mode === MODE_EXECUTABLE);
      this.#changed.set(path, isFile ? readRules(options.root, path) : null);
    }
    this.#take(first);
  }

  /** Whether they can differ from those of the base. */
  get isOwn(): boolean {
    if (this.#options.ownRules === false) return false;
    const ofBase = new Map(this.#options.baseRules.map(({ path, oid }) => [path, oid]));
    const isSame =
      ofBase.size === this.#filled.length && this.#filled.every(({ path, oid }) => ofBase.get(path) === oid);
    return this.#changed.size > 0 || !isSame;
  }

  async create(): Promise<IgnoreRules> {
    const rules = await IgnoreRules.create(this.#options.temporary, this.#options.excludes);
    const kept = this.#filled.filter(({ path }) => !this.#changed.has(path));
    for (const [path, data] of await readRulesOf(this.#options, kept, this.#walk)) rules.add(path, data);
    for (const [path, data] of this.#changed) if (data !== null) rules.add(path, data);
    return rules;
  }

  /** Takes up the rules among entries that were just found. */
  async grow(rules: IgnoreRules | null, level: readonly Untracked[]): Promise<IgnoreRules | null> {
    const found = this.#take(level);
    if (found.length === 0) return rules;
    if (rules === null) return this.create();
    for (const [path, data] of found) rules.add(path, data);
    return rules;
  }

  #take(entries: readonly Untracked[]): [BytePath, Buffer][] {
    const found: [BytePath, Buffer][] = [];
    if (this.#options.ownRules === false) return found;
    for (const { path, kind } of entries) {
      if (kind !== 'file' || !isNamed(path, '.gitignore')) continue;
      const data = readRules(this.#options.root, path);
      if (data === null) continue;
      this.#changed.set(path, data);
      found.push([path, data]);
    }
    return found;
  }
}

/** A `.gitignore` of a tree. */
export interface RulesFile {
  readonly path: BytePath;
  readonly oid: string;
}

/** The `.gitignore` files among the entries of a tree or index. Links are none: git does not follow them. */
export function rulesFilesOf(
  entries: Iterable<readonly [BytePath, { readonly oid: string; readonly mode: number }]>,
): RulesFile[] {
  const files: RulesFile[] = [];
  for (const [path, { oid, mode }] of entries) {
    if (isNamed(path, '.gitignore') && (mode === MODE_FILE || mode === MODE_EXECUTABLE)) files.push({ path, oid });
  }
  return files;
}

/** From the lane where they stand in it unchanged, which saves a process; from the depot otherwise. */
async function readRulesOf(
  { depot, root }: Pick<SnapshotOptions, 'depot' | 'root'>,
  files: readonly RulesFile[],
  { changes }: Pick<Walk, 'changes'>,
): Promise<[BytePath, Buffer][]> {
  const changed = new Set(changes.map(({ path }) => path));
  const rules: [BytePath, Buffer][] = [];
  const elsewhere: RulesFile[] = [];
  for (const file of files) {
    const data = changed.has(file.path) ? null : readRulesHere(root, file.path);
    if (data !== null && blobId(data, depot.format) === file.oid) rules.push([file.path, data]);
    else elsewhere.push(file);
  }
  const blobs = await readBlobs(
    depot,
    elsewhere.map(({ oid }) => oid),
  );
  for (const [index, { path }] of elsewhere.entries()) {
    const blob = blobs[index];
    if (blob) rules.push([path, blob]);
  }
  return rules;
}

/** As {@link readRules}; null for what is not there, or not in a way that can be read. */
function readRulesHere(root: string, path: BytePath): Buffer | null {
  try {
    return readRules(root, path);
  } catch (error) {
    if (errnoOf(error) === null) throw error;
    return null;
  }
}

function readRules(root: string, path: BytePath): Buffer | null {
  const read = readRegularFile(toFileSystem(`${fromText(root)}/${path}`), RULES_BYTES_MAX);
  return read.kind === 'ok' ? read.data : null;
}

/** The bytes of one change, read again; the caller compares their id with the one that the walk saw. */
export function readChange(root: string, change: Change): Buffer {
  const absolute = toFileSystem(`${fromText(root)}/${change.path}`);
  if (change.mode === MODE_LINK) return readLinkBytes(absolute);
  const read = readRegularFile(absolute, Number.MAX_SAFE_INTEGER);
  if (read.kind === 'refused') throw new Error(`${join(root, toText(change.path))} ${read.why}`);
  return read.data;
}
