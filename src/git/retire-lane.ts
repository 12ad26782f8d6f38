import { existsSync } from 'node:fs';

import { errnoOf } from '../process/errno.ts';
import { removeTree } from '../process/removal.ts';
import { listRefs, setRefs } from './depot.ts';
import type { Depot } from './depot.ts';
import { bootFile } from './fill.ts';
import { GitError } from './git.ts';
import { IntegrityError } from './integrity-error.ts';
import { keepWhole } from './keep-whole.ts';
import { baseRefs, lanePaths, laneRefs, openLane } from './lane.ts';
import type { LanePaths } from './lane.ts';
import { newestContent } from './lane-content.ts';
import { keepCommit, salvageLane } from './salvage.ts';
import type { SalvageRequest } from './salvage.ts';

export interface RetireRequest extends Omit<SalvageRequest, 'token'> {
  /** Evidence of the attempt: where a lane with content that git cannot hold is moved to. */
  readonly keepsake: string;
}

export type Retirement =
  | { readonly kind: 'retired' }
  /** Something in it could not be kept elsewhere: the lane stays as it is. */
  | { readonly kind: 'stays'; readonly why: string };

/** What the system says when there is no room, or no permission, to keep something: a person can mend it. */
const MENDABLE: ReadonlySet<string> = new Set(['EACCES', 'EDQUOT', 'ENOSPC', 'EPERM', 'EROFS', 'EXDEV']);

/**
 * Ends a lane in which nobody will work again: its task has landed, was cancelled or superseded, or is long parked.
 * First all that did not land is kept: files and the agent's own commits under refs of the depot, the directory itself
 * where that is not enough. Only then the lane goes, with its refs. Every process that could write to it must be dead.
 * Can be repeated after it was cut short anywhere.
 */
export async function retireLane(request: RetireRequest): Promise<Retirement> {
  const { depot, stateDirectory, taskId, keepsake } = request;
  const paths = lanePaths(stateDirectory, taskId);
  try {
    if (!(await isKept(request, paths))) await keepWhole(paths, keepsake, request.attempt);
  } catch (error) {
    const isMendable = error instanceof GitError || MENDABLE.has(errnoOf(error) ?? '');
    if (!isMendable || isFailedSync(error)) throw error;
    return { kind: 'stays', why: error instanceof Error ? error.message : String(error) };
  }
  await dropRefs(depot, taskId);
  // The note goes first: what stands without it is taken for a fill that was cut short.
  for (const path of [paths.note, paths.directory, paths.index, bootFile(paths.index)]) await removeTree(path);
  return { kind: 'retired' };
}

/** False: the directory holds what no ref does. */
async function isKept(request: RetireRequest, paths: LanePaths): Promise<boolean> {
  const { depot, stateDirectory, taskId, attempt, landed = null } = request;
  try {
    const lane = await openLane(depot, stateDirectory, taskId);
    if (lane !== null) return (await salvageLane({ ...request, token: null }, lane)).unholdable.length === 0;
  } catch (error) {
    // It was replaced by a link or a file, or changes under our hands.
    if (error instanceof IntegrityError) return false;
    throw error;
  }
  // A refill that was cut short: what it was to write is all that there is.
  const content = landed === null ? await newestContent(depot, taskId) : null;
  if (content !== null) await keepCommit(depot, { taskId, attempt, commit: content });
  return !existsSync(paths.note);
}

async function dropRefs(depot: Depot, taskId: string): Promise<void> {
  const refs = await listRefs(depot, laneRefs(taskId), baseRefs(taskId));
  if (refs.size > 0) await setRefs(depot, Object.fromEntries([...refs.keys()].map((ref) => [ref, null])));
}

/** After a failed sync nothing about the disk is certain. */
function isFailedSync(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error && error.syscall === 'fsync';
}
