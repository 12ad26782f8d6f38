import { isDefective } from '../process/failpoint.ts';
import { LEASE_MS } from '../core/lease.ts';
import type { Fence } from '../core/lease.ts';
import type { Holder, MoveResult } from '../git/target.ts';
import type { Host } from '../process/host.ts';
import type { IntentRecord, Store } from '../store/store.ts';
import type { LandIntent, TrainWork } from './train-work.ts';

export interface LandingContext {
  readonly store: Store;
  readonly host: Host;
  readonly fence: Fence;
  readonly work: TrainWork;
}

/**
 * Lands one proven commit: intent, objects and compare-and-swap, record. Everything but `moved` leaves the task
 * accepted.
 */
export async function land(context: LandingContext, intent: LandIntent): Promise<MoveResult> {
  const id = await context.store.openLanding(context.fence, intent);
  return carryOut(context, id, intent);
}

/** Records a landing that came about without anybody's knowing: what the target holds is never landed again. */
export async function recordLanded(context: LandingContext, intent: LandIntent): Promise<void> {
  const id = await context.store.openLanding(context.fence, intent);
  await recoverLanding(context, { id, intent, openedMs: 0 });
}

/** Finishes a landing whose process died: forward, unless the target has moved elsewhere meanwhile. */
export async function recoverLanding(context: LandingContext, { id, intent }: IntentRecord): Promise<void> {
  if (intent.kind !== 'land') return;
  if (isDefective('landed-again')) {
    return context.store.closeLanding(context.fence, id, { kind: 'undone', why: 'its train died' });
  }
  const head = await context.work.landedIn(intent);
  if (head === null) await carryOut(context, id, intent);
  else await finish(context, id, intent, head);
}

async function carryOut(context: LandingContext, id: number, intent: LandIntent): Promise<MoveResult> {
  const { store, fence, host, work } = context;
  // The last look at the lease: a train that was stopped before it, and superseded, finds the door closed.
  const result = await work.swap(intent, () => store.renew(fence, host.clock.monotonicMs() + LEASE_MS));
  if (result.kind === 'moved') {
    await finish(context, id, intent, intent.newCommit);
    if (result.holder !== null) await tellHolder(context, intent, result.holder);
  } else await store.closeLanding(fence, id, { kind: 'undone', why: describeMove(result, intent.target) });
  return result;
}

async function finish(
  { store, fence, work }: LandingContext,
  id: number,
  intent: LandIntent,
  head: string,
): Promise<void> {
  await work.clearUp(intent, head);
  // Last: what is left of a landing that died here is cleared up by its recovery.
  await store.closeLanding(fence, id, { kind: 'landed' });
}

/** Somebody checked the target out at the very moment of the swap: their files are now those of the commit before. */
async function tellHolder({ store, fence }: LandingContext, intent: LandIntent, holder: Holder): Promise<void> {
  const why = `${intent.target} was ${holder.how} in ${holder.path} at that moment; its files are one landing behind: git reset --keep ${intent.newCommit.slice(0, 12)}`;
  await store.note('landing.under-work-tree', { why }, { taskId: intent.taskId, attempt: intent.attempt, fence });
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
