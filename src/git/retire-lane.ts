import { existsSync } from 'node:fs';

import { faultOf } from '../core/machine-fault.ts';
import { removeTree } from '../process/removal.ts';
import { listRefs, setRefs } from './depot.ts';
import type { Depot } from './depot.ts';
import { bootFile } from './fill.ts';
import { wasKilled } from './git.ts';
import { IntegrityError } from './integrity-error.ts';
import { keepWhole } from './keep-whole.ts';
import { openLane } from './lane.ts';
import { baseRefs, lanePaths, laneRefs } from './lane-names.ts';
import type { LanePaths } from './lane-names.ts';
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

/**
 * Ends a lane in which nobody will work again: its task has landed, was cancelled or superseded, or is long parked.
 * First all that did not land is kept: files and the agent's own commits under refs of the depot, the directory itself
 * where that is not enough. Only then the lane goes, with its refs. Every process that could write to it must be dead.
 * Can be repeated after it was cut short anywhere.
 *
 * @throws what the machine fails with (a full or broken disk, a git that was killed): it is to be done again, later.
 * Whatever else is wrong with a lane is told of as `stays`, so that none is in the way of landing.
 */
export async function retireLane(request: RetireRequest): Promise<Retirement> {
  const { depot, stateDirectory, taskId, keepsake } = request;
  const paths = lanePaths(stateDirectory, taskId);
  try {
    if (!(await isKept(request, paths))) await keepWhole(paths, keepsake, request.attempt);
    await dropRefs(depot, taskId);
    return await removeLane(paths);
  } catch (error) {
    if (faultOf(error) !== null || wasKilled(error)) throw error;
    return { kind: 'stays', why: error instanceof Error ? error.message : String(error) };
  }
}

async function removeLane(paths: LanePaths): Promise<Retirement> {
  const resisting: string[] = [];
  // The note goes first: what stands without it is taken for a fill that was cut short.
  for (const path of [paths.note, paths.directory, paths.index, bootFile(paths.index)]) {
    const removal = await removeTree(path);
    if (removal.kind === 'left') resisting.push(`${removal.path} resists: ${removal.why}`);
  }
  return resisting.length === 0 ? { kind: 'retired' } : { kind: 'stays', why: resisting.join('; ') };
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
