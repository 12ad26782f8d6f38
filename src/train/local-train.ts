import { join } from 'node:path';

import { isAncestor } from '../git/depot.ts';
import { Merger } from '../git/merge.ts';
import type { MoveResult } from '../git/target.ts';
import { moveTarget, readTarget } from '../git/target.ts';
import { fetchIntoDepot, recordLanding, syncTarget } from '../git/target-sync.ts';
import { makeCandidate } from './candidate.ts';
import { examineHead } from './damaged-head.ts';
import { prove } from './prove.ts';
import { retireLandedLane } from './retire-landed.ts';
import type { TrainContext } from './train-context.ts';
import type { LandIntent, TrainWork } from './train-work.ts';

/** The work of the train as it is done on this machine: depot, slots, the operator's repository. */
export async function localTrain(options: Omit<TrainContext, 'merger'>): Promise<TrainWork> {
  const { depot, repository, target } = options;
  const merger = await Merger.create(depot, join(options.stateDirectory, 'tmp'));
  const context: TrainContext = { ...options, merger };
  return {
    sync: (known) => syncTarget({ repository, depot, ref: target }, known),
    standOn: (commit) => merger.useAttributesOf(commit),
    combine: (task, work) => makeCandidate(context, task, work),
    prove: (task, candidate) => prove(context, task, candidate),
    swap: (intent, stillOurs) => swap(context, intent, stillOurs),
    landedIn: (intent) => landedIn(context, intent),
    examineHead: (task) => examineHead(context, task),
    clearUp: (intent, head) => clearUp(context, intent, head),
    dispose: () => merger.dispose(),
  };
}

async function swap(
  { repository, depot, store }: TrainContext,
  intent: LandIntent,
  stillOurs: () => Promise<void>,
): Promise<MoveResult> {
  const records = await store.openIntents();
  const opened = records.find(
    (record) => record.intent.kind === 'land' && record.intent.newCommit === intent.newCommit,
  );
  return moveTarget({
    repository,
    depot,
    ref: intent.target,
    from: intent.oldCommit,
    to: intent.newCommit,
    reason: `yard: land ${intent.taskId}`,
    whileLocked: stillOurs,
    ...(opened === undefined ? {} : { sinceMs: opened.openedMs }),
  });
}

async function landedIn({ repository, depot }: TrainContext, intent: LandIntent): Promise<string | null> {
  const now = await readTarget(repository, intent.target);
  if (now.kind !== 'commit' || now.commit === intent.oldCommit) return null;
  await fetchIntoDepot(depot, repository, now.commit);
  return (await isAncestor(depot, intent.newCommit, now.commit)) ? now.commit : null;
}

async function clearUp(context: TrainContext, intent: LandIntent, head: string): Promise<void> {
  await recordLanding(context.depot, intent.oldCommit, head);
  await retireLandedLane(context, intent);
}
