import { isDefective } from '../process/failpoint.ts';
import { existsSync, lstatSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { writeFileDurably } from '../process/file.ts';
import { removeTree } from '../process/removal.ts';
import { OID_BYTES } from './blob.ts';
import type { BytePath } from './byte-path.ts';
import { conflictLines, markedPaths, readConflictLines } from './conflict.ts';
import { inDepot, listRefs, resolve, setRefs, treeOf } from './depot.ts';
import type { Depot } from './depot.ts';
import { commitChanges } from './fast-import.ts';
import type { Signature } from './fast-import.ts';
import { fillDirectory, RACY_MS, UncleanableError } from './fill.ts';
import { BLOB_BYTES, createGitDirectory } from './git-directory.ts';
import { DamagedIndexError, readIndexFile } from './index-file.ts';
import type { IndexEntry } from './index-file.ts';
import { IntegrityError } from './integrity-error.ts';
import { Merger, writeCommit } from './merge.ts';
import { LANE_MARK } from './locate.ts';
import { rulesFilesOf, takeSnapshot } from './snapshot.ts';
import type { RulesFile, Snapshot } from './snapshot.ts';
import { listNamed } from './tree.ts';
import { copyFile, mkdir, rename, rm } from '../process/file-system.ts';

/*
 * A task's checkout. Invariants:
 * 1. The note (`lanes/<task>.json`) stands only while the directory was filled whole. It is removed before a refill.
 * 2. Before a refill the lane's content is a commit under `refs/yard/salvage/`, and what the refill writes is one under
 *    `refs/yard/lane/`, its conflicts named in the message: a refill that was cut short is begun again from there.
 * 3. A lane whose note stands but which cannot be read any more is moved aside whole, never cleaned.
 * 4. Host git never runs with the lane's `.git`; it is written by hand, for the agent's use.
 */

export interface LaneRequest {
  readonly depot: Depot;
  readonly stateDirectory: string;
  readonly taskId: string;
  readonly attempt: number;
  /** The target's head that the attempt starts from; in the depot already. */
  readonly base: string;
  readonly identity: Signature;
  readonly excludes: string;
  /** Text paths of provisioned files and prewarm outputs. */
  readonly excluded: readonly string[];
  /** Where a lane with content that git cannot hold is moved to. */
  readonly keepsake: string;
  readonly atMs: number;
  /** How long git may take over the ignore rules of the lane. */
  readonly rulesTimeoutMs?: number | undefined;
}

export interface Lane {
  readonly directory: string;
  readonly base: string;
  /** Commit of what the lane was filled with: the base, or earlier work merged with it. */
  readonly content: string;
  /** Paths in which `content` has conflict markers. */
  readonly conflicts: readonly string[];
  readonly baseline: ReadonlyMap<BytePath, IndexEntry>;
  readonly trustedBeforeMs: number;
  /** The work of earlier attempts is in it. */
  readonly continued: boolean;
}

interface Note {
  readonly base: string;
  readonly content: string;
  readonly conflicts: readonly string[];
  readonly filledMs: number;
}

interface LanePaths {
  readonly directory: string;
  readonly index: string;
  readonly note: string;
}

export function lanePaths(stateDirectory: string, taskId: string): LanePaths {
  const lanes = join(stateDirectory, 'lanes');
  return { directory: join(lanes, taskId), index: join(lanes, `${taskId}.index`), note: join(lanes, `${taskId}.json`) };
}

export const laneRef = (taskId: string): string => `refs/yard/lane/${taskId}`;
export const baseRef = (taskId: string): string => `refs/yard/base/${taskId}`;
export const salvageRef = (taskId: string, attempt: number): string => `refs/yard/salvage/${taskId}/${attempt}`;
export const attemptRef = (taskId: string, attempt: number, token: number): string =>
  `refs/yard/attempt/${taskId}/${attempt}/${token}`;

/** Makes the lane ready for an attempt: new, as it was, or its work carried over to a newer base. */
export async function prepareLane(request: LaneRequest): Promise<Lane> {
  const { depot, stateDirectory, taskId, base } = request;
  const paths = lanePaths(stateDirectory, taskId);
  const existing = await openLane(depot, stateDirectory, taskId);
  const { work, unholdable } =
    existing === null ? await findWork(request, paths) : await salvageLane(request, existing);
  if (existing !== null && existing.base === base) {
    const conflicts = work === null ? existing.conflicts : await unresolvedConflicts(depot, existing, work);
    return { ...existing, conflicts, continued: work !== null };
  }
  await setRefs(depot, { [baseRef(taskId)]: base });
  const next =
    work === null
      ? { content: base, conflicts: [] }
      : await carryOver(request, work, existing?.conflicts ?? (await readConflictLines(depot, work)));
  // Only now: until the work is under the lane's ref, the lane is where a second try finds it.
  if (unholdable) await setAside(paths, request.keepsake);
  return fillLane(request, paths, next);
}

/** Where there is no lane to read: what the refill that was cut short was to write. */
async function findWork({ depot, taskId }: LaneRequest, paths: LanePaths): Promise<Salvage> {
  // With a note the lane was whole once and an agent may have worked in it.
  return { work: await resolve(depot, laneRef(taskId)), unholdable: existsSync(paths.note) };
}

/** The lane as it was last filled, or null where there is none that is whole. */
export async function openLane(depot: Depot, stateDirectory: string, taskId: string): Promise<Lane | null> {
  const paths = lanePaths(stateDirectory, taskId);
  if (!existsSync(paths.note) || !existsSync(paths.index)) return null;
  if (lstatSync(paths.directory, { throwIfNoEntry: false })?.isDirectory() !== true) return null;
  const note = JSON.parse(await readFile(paths.note, 'utf8')) as Note;
  let baseline;
  try {
    baseline = readIndexFile(paths.index, OID_BYTES[depot.format]);
  } catch (error) {
    if (error instanceof DamagedIndexError) return null;
    throw error;
  }
  return {
    directory: paths.directory,
    base: note.base,
    content: note.content,
    conflicts: note.conflicts,
    baseline,
    trustedBeforeMs: note.filledMs - RACY_MS,
    continued: note.content !== note.base,
  };
}

/**
 * Reads what the lane holds now. Every process that could write to it must be dead.
 *
 * @param options.ownRules false: only what the base ignores is left out.
 * @throws IntegrityError when the lane cannot be read as it is.
 */
export async function readLane(
  lane: Lane,
  options: Pick<LaneRequest, 'depot' | 'stateDirectory' | 'excludes' | 'excluded' | 'rulesTimeoutMs'> & {
    readonly ownRules?: boolean;
  },
): Promise<Snapshot> {
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
    temporary,
    ownRules: options.ownRules ?? true,
    rulesTimeoutMs: options.rulesTimeoutMs,
  });
}

async function rulesOf(depot: Depot, commit: string): Promise<RulesFile[]> {
  return rulesFilesOf((await listNamed(inDepot(depot), commit, '.gitignore')).map((entry) => [entry.path, entry]));
}

export interface Salvage {
  /** The lane's content as a commit; null where there is no work in it. */
  readonly work: string | null;
  /** It also holds what git cannot: keep the directory itself. */
  readonly unholdable: boolean;
}

/** Keeps what the lane holds under a salvage ref of the attempt before this one. Earlier ones stay. */
export async function salvageLane(
  request: Pick<
    LaneRequest,
    'depot' | 'stateDirectory' | 'excludes' | 'excluded' | 'rulesTimeoutMs' | 'taskId' | 'attempt' | 'identity' | 'atMs'
  >,
  lane: Lane,
): Promise<Salvage> {
  const { depot, taskId, attempt, identity, atMs } = request;
  if (isDefective('lane-not-salvaged')) return { work: null, unholdable: false };
  const { changes, refused, special } = await readWhatever(lane, request);
  const unholdable = refused.length > 0 || special.length > 0;
  if (changes.length === 0) return { work: lane.content === lane.base ? null : lane.content, unholdable };
  const taken = await listRefs(depot, `refs/yard/salvage/${taskId}`);
  let ref = salvageRef(taskId, attempt - 1);
  for (let again = 2; taken.has(ref); again += 1) ref = `${salvageRef(taskId, attempt - 1)}-${again}`;
  const work = await commitChanges(depot, {
    ref,
    parent: lane.base,
    tree: lane.content === lane.base ? null : await treeOf(depot, lane.content),
    changes,
    root: lane.directory,
    message: `${taskId}: what the lane held before attempt ${attempt}\n`,
    author: identity,
    atMs,
  });
  return { work, unholdable };
}

/** No `.gitignore` of an agent keeps its work from being salvaged. */
async function readWhatever(lane: Lane, options: Parameters<typeof readLane>[1]): Promise<Snapshot> {
  try {
    return await readLane(lane, options);
  } catch (error) {
    if (!(error instanceof IntegrityError)) throw error;
    return readLane(lane, { ...options, ownRules: false });
  }
}

/** The earlier work merged with the new base, conflict markers included, as a commit under the lane's ref. */
async function carryOver(
  request: LaneRequest,
  work: string,
  earlier: readonly string[],
): Promise<Pick<Note, 'content' | 'conflicts'>> {
  const { depot, stateDirectory, base, identity, taskId, atMs } = request;
  const merger = await Merger.create(depot, join(stateDirectory, 'tmp'));
  try {
    await merger.useAttributesOf(base);
    const merge = await merger.merge(base, work);
    // Markers that the agent left in are still there, although this merge may have been clean.
    const conflicts = [
      ...(merge.kind === 'conflict' ? merge.paths : []),
      ...(await markedPaths(depot, merge.tree, earlier)),
    ];
    const content = await writeCommit(depot, {
      tree: merge.tree,
      parents: [base],
      message: `${taskId}: earlier work on a newer base\n\n${conflictLines(conflicts)}`,
      author: identity,
      atMs,
    });
    await setRefs(depot, { [laneRef(taskId)]: content });
    return { content, conflicts: [...new Set(conflicts)] };
  } finally {
    await merger.dispose();
  }
}

async function fillLane(
  request: LaneRequest,
  paths: LanePaths,
  { content, conflicts }: Pick<Note, 'content' | 'conflicts'>,
): Promise<Lane> {
  const { depot, base, identity, excludes, taskId } = request;
  await rm(paths.note, { force: true });
  const fill = { depot, directory: paths.directory, indexFile: paths.index, tree: content };
  const baseline = await fillDirectory(fill).catch(async (error: unknown) => {
    if (!(error instanceof UncleanableError)) throw error;
    // All that it held is salvaged; what resists stays behind under another name.
    await removeTree(paths.directory);
    return fillDirectory(fill);
  });
  await createGitDirectory(join(paths.directory, '.git'), {
    format: depot.format,
    alternate: join(depot.path, 'objects'),
    attributes: BLOB_BYTES,
    excludes,
    branch: { name: `yard/${taskId}`, commit: base },
    identity,
  });
  await copyFile(paths.index, join(paths.directory, '.git/index'));
  await writeFileDurably(join(paths.directory, '.git', LANE_MARK), `${taskId}\n`);
  const filledMs = (await stat(paths.index)).mtimeMs;
  const note: Note = { base, content, conflicts, filledMs };
  await writeFileDurably(paths.note, `${JSON.stringify(note)}\n`);
  return {
    directory: paths.directory,
    base,
    content,
    conflicts,
    baseline,
    trustedBeforeMs: filledMs - RACY_MS,
    continued: content !== base,
  };
}

/** A lane with content that git cannot hold is kept whole, by rename; the lane is then filled anew. */
async function setAside(paths: LanePaths, keepsake: string): Promise<void> {
  await mkdir(keepsake, { recursive: true });
  let kept = join(keepsake, 'lane');
  const isTaken = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  for (let again = 2; isTaken(kept); again += 1) kept = join(keepsake, `lane-${again}`);
  await rm(paths.note, { force: true });
  if (isTaken(paths.directory)) await rename(paths.directory, kept);
  await rm(paths.index, { force: true });
}

/** Those of the conflicted paths that still have conflict markers in this commit. */
export async function unresolvedConflicts(depot: Depot, lane: Lane, head: string): Promise<string[]> {
  return markedPaths(depot, head, lane.conflicts);
}
