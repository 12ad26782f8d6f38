import { isDefective } from '../process/failpoint.ts';
import { LEASE_MS } from '../core/lease.ts';
import { isAncestor, fetchCommit, setRefs } from '../git/depot.ts';
import { baseRef, lanePaths, laneRef } from '../git/lane.ts';
import { moveTarget, readTarget } from '../git/target.ts';
import type { Holder, MoveResult } from '../git/target.ts';
import { TARGET_RECORD } from '../git/target-sync.ts';
import { removeTree } from '../process/removal.ts';
import type { Intent, IntentRecord } from '../store/store.ts';
import type { TrainContext } from './train-context.ts';

type LandIntent = Intent & { kind: 'land' };

/**
 * Lands one proven commit: intent, objects and compare-and-swap, record. Everything but `moved` leaves the task
 * accepted.
 */
export async function land(context: TrainContext, intent: LandIntent): Promise<MoveResult> {
  const id = await context.store.openLanding(context.fence, intent);
  return carryOut(context, id, intent);
}

/** Finishes a landing whose process died: forward, unless the target has moved elsewhere meanwhile. */
export async function recoverLanding(context: TrainContext, { id, intent }: IntentRecord): Promise<void> {
  if (intent.kind !== 'land') return;
  if (isDefective('landed-again')) {
    return context.store.closeLanding(context.fence, id, { kind: 'undone', why: 'its train died' });
  }
  const { repository, depot } = context;
  const now = await readTarget(repository, intent.target);
  if (now.kind === 'commit' && now.commit !== intent.oldCommit) {
    await fetchCommit({ into: depot.path, from: repository.commonDirectory, commit: now.commit });
    if (await isAncestor(depot, intent.newCommit, now.commit)) {
      await finish(context, id, intent, now.commit);
      return;
    }
  }
  await carryOut(context, id, intent);
}

async function carryOut(context: TrainContext, id: number, intent: LandIntent): Promise<MoveResult> {
  const { repository, depot, store, fence, clock } = context;
  // The last look at the lease before the effect that cannot be taken back.
  await store.renew(fence, clock.monotonicMs() + LEASE_MS);
  const result = await moveTarget({
    repository,
    depot,
    ref: intent.target,
    from: intent.oldCommit,
    to: intent.newCommit,
    reason: `yard: land ${intent.taskId}`,
  });
  if (result.kind === 'moved') {
    await finish(context, id, intent, intent.newCommit);
    if (result.holder !== null) await tellHolder(context, intent, result.holder);
  } else await store.closeLanding(fence, id, { kind: 'undone', why: describeMove(result, intent.target) });
  return result;
}

async function finish(context: TrainContext, id: number, intent: LandIntent, head: string): Promise<void> {
  const { store, depot, fence, stateDirectory } = context;
  await setRefs(depot, { [TARGET_RECORD]: head, [baseRef(intent.taskId)]: null, [laneRef(intent.taskId)]: null });
  const lane = lanePaths(stateDirectory, intent.taskId);
  for (const path of [lane.note, lane.directory, lane.index]) await removeTree(path);
  // Last: what is left of a landing that died here is cleared up by its recovery.
  await store.closeLanding(fence, id, { kind: 'landed' });
}

/** Somebody checked the target out at the very moment of the swap: their files are now those of the commit before. */
async function tellHolder({ store }: TrainContext, intent: LandIntent, holder: Holder): Promise<void> {
  const why = `${intent.target} was ${holder.how} in ${holder.path} at that moment; its files are one landing behind: git reset --keep ${intent.newCommit.slice(0, 12)}`;
  await store.note('landing.under-work-tree', { why }, { taskId: intent.taskId, attempt: intent.attempt });
}

/** Why a landing did not come about, in half a sentence. */
export function describeMove(result: Exclude<MoveResult, { kind: 'moved' }>, target: string): string {
  switch (result.kind) {
    case 'changed':
      return `${target} was moved by somebody else; the combination is made and tested again`;
    case 'held':
      return `${target} is ${result.holder.how} in ${result.holder.path}; switch that working tree to another branch`;
    case 'refused':
      return `git refused to move ${target}: ${result.why}`;
  }
}
