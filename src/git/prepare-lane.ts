import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';

import type { Redactor } from '../core/redact.ts';
import { currentBootId } from '../process/identity.ts';
import { syncFile, writeFileDurably } from '../process/file.ts';
import { giveTree, isSameOwner } from '../process/owner.ts';
import type { Owner } from '../process/owner.ts';
import { removeTree } from '../process/removal.ts';
import { copyFile, rm } from '../process/file-system.ts';
import { conflictLines, markedPaths, readConflictLines } from './conflict.ts';
import { setRefs } from './depot.ts';
import type { Signature } from './fast-import.ts';
import { fillDirectory, readFilled, UncleanableError } from './fill.ts';
import { BLOB_BYTES, createGitDirectory } from './git-directory.ts';
import { keepWhole } from './keep-whole.ts';
import { laneOf, openLane, unresolvedConflicts } from './lane.ts';
import { baseRef, lanePaths, laneRef } from './lane-names.ts';
import type { Lane, Note, ReadOptions } from './lane.ts';
import type { LanePaths } from './lane-names.ts';
import { newestContent } from './lane-content.ts';
import { LANE_MARK } from './locate.ts';
import { Merger, writeCommit } from './merge.ts';
import { mergeWork } from './merge-work.ts';
import { salvageLane } from './salvage.ts';

/*
 * Makes a task's checkout ready for an attempt. Invariants:
 * 1. The note stands only while the directory was filled whole. It is removed before a refill.
 * 2. Before a refill the lane's content is a commit under `refs/yard/salvage/`, and what the refill writes is one under
 *    `refs/yard/lane/`, its conflicts named in the message: a refill that was cut short is begun again from there.
 * 3. A lane whose note stands but which cannot be read any more is moved aside whole, never cleaned.
 */

export interface LaneRequest extends Omit<ReadOptions, 'ownRules'> {
  readonly taskId: string;
  readonly attempt: number;
  /** Of the attempt's lease. */
  readonly token: number;
  /** The target's head that the attempt starts from; in the depot already. */
  readonly base: string;
  readonly identity: Signature;
  /** Named secrets are kept out of what is salvaged by it. */
  readonly redactor: Redactor;
  /** Where a lane with content that git cannot hold is moved to. */
  readonly keepsake: string;
  readonly atMs: number;
  /** Whom the lane is to belong to; null, or none: us. One that belongs to somebody else is filled anew. */
  readonly owner?: Owner | null;
}

/** Makes the lane ready for an attempt: new, as it was, or its work carried over to a newer base. */
export async function prepareLane(request: LaneRequest): Promise<Lane> {
  const { depot, stateDirectory, taskId, base, token, owner = null } = request;
  const paths = lanePaths(stateDirectory, taskId);
  const existing = await openLane(depot, stateDirectory, taskId);
  const { work, isWhole } = existing === null ? await findWork(request, paths) : await salvage(request, existing);
  if (existing?.base === base && !existing.restarted && isSameOwner(existing.owner, owner)) {
    const conflicts = work === null ? existing.conflicts : await unresolvedConflicts(depot, existing, work);
    return { ...existing, conflicts, continued: work !== null };
  }
  const next =
    work === null
      ? { content: base, conflicts: [] }
      : await carryOver(request, work, existing?.conflicts ?? (await readConflictLines(depot, work)));
  await setRefs(depot, { [laneRef(taskId, token)]: next.content, [baseRef(taskId, token)]: base });
  // Only now: until the work is under the lane's ref, the lane is where a second try finds it.
  if (!isWhole) await keepWhole(paths, request.keepsake, request.attempt - 1);
  return fillLane(request, paths, next);
}

interface Found {
  /** What is to be carried over; null where there is no work. */
  readonly work: string | null;
  /** False: the directory holds more than that. */
  readonly isWhole: boolean;
}

/** Where there is no lane to read: what the refill that was cut short was to write. */
async function findWork({ depot, taskId }: LaneRequest, paths: LanePaths): Promise<Found> {
  // With a note the lane was whole once and an agent may have worked in it.
  return { work: await newestContent(depot, taskId), isWhole: !existsSync(paths.note) };
}

async function salvage(request: LaneRequest, existing: Lane): Promise<Found> {
  const { work, unholdable } = await salvageLane({ ...request, attempt: request.attempt - 1 }, existing);
  return { work, isWhole: unholdable.length === 0 };
}

/** The earlier work merged with the new base, conflict markers included. */
async function carryOver(
  request: LaneRequest,
  work: string,
  earlier: readonly string[],
): Promise<Pick<Note, 'content' | 'conflicts'>> {
  const { depot, stateDirectory, base, identity, taskId, atMs } = request;
  const merger = await Merger.create(depot, join(stateDirectory, 'tmp'));
  try {
    await merger.useAttributesOf(base);
    const { merge } = await mergeWork({ depot, merger, target: base, work, identity, atMs });
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
  const { depot, base, identity, excludes, taskId, owner = null } = request;
  await rm(paths.note, { force: true });
  const fill = { depot, directory: paths.directory, indexFile: paths.index, tree: content, owner };
  await fillDirectory(fill).catch(async (error: unknown) => {
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
  if (owner !== null) giveTree(join(paths.directory, '.git'), owner);
  const filledMs = (await stat(paths.index)).mtimeMs;
  // One file, by which after a power cut the agent's work is told from what the lane was filled with.
  await syncFile(paths.index);
  const note: Note = { base, content, conflicts, filledMs, bootId: currentBootId(), owner };
  await writeFileDurably(paths.note, `${JSON.stringify(note)}\n`);
  return laneOf(paths, note, readFilled(fill));
}
