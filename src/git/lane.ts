import { existsSync, lstatSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { currentBootId } from '../process/identity.ts';
import { mkdir } from '../process/file-system.ts';
import type { Owner } from '../process/owner.ts';
import { OID_BYTES } from './blob.ts';
import type { BytePath } from './byte-path.ts';
import { markedPaths } from './conflict.ts';
import { inDepot, resolveAll } from './depot.ts';
import type { Depot } from './depot.ts';
import { RACY_MS } from './fill.ts';
import { DamagedIndexError, readIndexFile } from './index-file.ts';
import type { IndexEntry } from './index-file.ts';
import { lanePaths } from './lane-names.ts';
import type { LanePaths } from './lane-names.ts';
import { rulesFilesOf, takeSnapshot } from './snapshot.ts';
import type { RulesFile, Snapshot } from './snapshot.ts';
import { listNamed } from './tree.ts';

/*
 * A task's checkout, as it can be read. `prepare-lane.ts` fills it, `retire-lane.ts` ends it. Invariants:
 * 1. The note (`lanes/<task>.json`) stands only while the directory was filled whole; it and the index are synced.
 * 2. The files are not synced: that would cost more than all else. A lane whose note names another boot may therefore
 *    lack, in part, what it was filled with. It is `restarted`: its stat data is not trusted, what the power cut took
 *    is told from what the agent changed (`lost-files.ts`), and it is filled anew before an agent works in it again.
 * 3. Host git never runs with the lane's `.git`; it is written by hand, for the agent's use.
 */

export interface Lane {
  readonly directory: string;
  readonly base: string;
  /** Commit of what the lane was filled with: the base, or earlier work merged with it. */
  readonly content: string;
  /** Paths in which `content` has conflict markers. */
  readonly conflicts: readonly string[];
  readonly baseline: ReadonlyMap<BytePath, IndexEntry>;
  /** Of the file system: nothing that was filled changed later than this. */
  readonly filledMs: number;
  readonly trustedBeforeMs: number;
  /** The machine was started again since it was filled. */
  readonly restarted: boolean;
  /** The work of earlier attempts is in it. */
  readonly continued: boolean;
  /** Whom it belongs to; null: us. */
  readonly owner: Owner | null;
}

export interface Note {
  readonly base: string;
  readonly content: string;
  readonly conflicts: readonly string[];
  readonly filledMs: number;
  readonly bootId: string;
  /** None in the note of an older Yardmaster. */
  readonly owner?: Owner | null;
}

/** The lane as it was last filled, or null where there is none that is whole. */
export async function openLane(depot: Depot, stateDirectory: string, taskId: string): Promise<Lane | null> {
  const paths = lanePaths(stateDirectory, taskId);
  if (!existsSync(paths.note) || !existsSync(paths.index)) return null;
  if (lstatSync(paths.directory, { throwIfNoEntry: false })?.isDirectory() !== true) return null;
  const note = parseNote(await readFile(paths.note, 'utf8'));
  if (note === null || !(await areCommits(depot, [note.base, note.content]))) return null;
  try {
    return laneOf(paths, note, readIndexFile(paths.index, OID_BYTES[depot.format]));
  } catch (error) {
    if (error instanceof DamagedIndexError) return null;
    throw error;
  }
}

export function laneOf(paths: LanePaths, note: Note, baseline: Lane['baseline']): Lane {
  const { base, content, conflicts, filledMs, bootId, owner = null } = note;
  const restarted = bootId !== currentBootId();
  return {
    directory: paths.directory,
    base,
    content,
    conflicts,
    baseline,
    filledMs,
    trustedBeforeMs: restarted ? 0 : filledMs - RACY_MS,
    restarted,
    continued: content !== base,
    owner,
  };
}

/** Null for one that is cut short, or no note at all: there is no telling what the lane was filled with. */
function parseNote(text: string): Note | null {
  try {
    const value: unknown = JSON.parse(text);
    return isNote(value) ? value : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function isNote(value: unknown): value is Note {
  if (typeof value !== 'object' || value === null) return false;
  const { base, content, conflicts, filledMs, bootId, owner = null }: Partial<Record<keyof Note, unknown>> = value;
  return (
    isId(base) &&
    isId(content) &&
    Array.isArray(conflicts) &&
    conflicts.every((path) => typeof path === 'string') &&
    Number.isFinite(filledMs) &&
    typeof bootId === 'string' &&
    (owner === null || isOwner(owner))
  );
}

function isOwner(value: unknown): value is Owner {
  if (typeof value !== 'object' || value === null) return false;
  const { uid, gid }: Partial<Record<keyof Owner, unknown>> = value;
  return Number.isSafeInteger(uid) && Number.isSafeInteger(gid);
}

function isId(value: unknown): value is string {
  return typeof value === 'string' && /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(value);
}

async function areCommits(depot: Depot, names: readonly string[]): Promise<boolean> {
  return (await resolveAll(depot, names)).every((kind) => kind === 'commit');
}

export interface ReadOptions {
  readonly depot: Depot;
  readonly stateDirectory: string;
  readonly excludes: string;
  /** Text paths of provisioned files and prewarm outputs. */
  readonly excluded: readonly string[];
  /** Patterns of ignored files that are read all the same, and told apart. */
  readonly include?: readonly string[];
  /** How long git may take over the ignore rules of the lane. */
  readonly rulesTimeoutMs?: number | undefined;
  /** False: only what the base ignores is left out. */
  readonly ownRules?: boolean;
}

/**
 * Reads what the lane holds now. Every process that could write to it must be dead.
 *
 * @throws IntegrityError when the lane cannot be read as it is.
 */
export async function readLane(lane: Lane, options: ReadOptions): Promise<Snapshot> {
  const temporary = join(options.stateDirectory, 'tmp');
  await mkdir(temporary, { recursive: true });
  return takeSnapshot({
    depot: options.depot,
    root: lane.directory,
    baseline: lane.baseline,
    trustedBeforeMs: lane.trustedBeforeMs,
    baseRules: lane.content === lane.base ? rulesFilesOf(lane.baseline) : await rulesOf(options.depot, lane.base),
    excludes: options.excludes,
    excluded: options.excluded,
    include: options.include ?? [],
    temporary,
    ownRules: options.ownRules ?? true,
    rulesTimeoutMs: options.rulesTimeoutMs,
  });
}

async function rulesOf(depot: Depot, commit: string): Promise<RulesFile[]> {
  return rulesFilesOf((await listNamed(inDepot(depot), commit, '.gitignore')).map((entry) => [entry.path, entry]));
}

/** Those of the conflicted paths that still have conflict markers in this commit. */
export async function unresolvedConflicts(depot: Depot, lane: Lane, head: string): Promise<string[]> {
  return markedPaths(depot, head, lane.conflicts);
}
