import { join } from 'node:path';

import { removeHomes } from '../agents/agent-home.ts';
import { excludedPaths } from '../agents/excluded-paths.ts';
import { openLane } from '../git/lane.ts';
import { retireLane } from '../git/retire-lane.ts';
import type { TrainContext } from './train-context.ts';

/** Removes the lane of a task that has landed, once all that it holds besides is kept. A lane that resists is told of. */
export async function retireLandedLane(
  { store, depot, stateDirectory, pin, host, fence, redactor }: TrainContext,
  { taskId, attempt }: { readonly taskId: string; readonly attempt: number },
): Promise<void> {
  const state = (await store.task(taskId))?.state;
  const lane = await openLane(depot, stateDirectory, taskId);
  const end = await retireLane({
    depot,
    stateDirectory,
    taskId,
    attempt,
    identity: pin.config.identity,
    redactor,
    excludes: pin.excludes,
    excluded: excludedPaths(pin.config, lane),
    include: pin.config.salvage.include,
    keepsake: join(stateDirectory, 'attempts', taskId, String(attempt)),
    atMs: host.clock.nowMs(),
    // Sealed: the head that is landing. Without one everything is kept.
    landed: state?.status === 'landing' ? state.head : null,
  });
  // What resists is seen by a later collection (yard gc).
  await removeHomes(stateDirectory, taskId);
  if (end.kind === 'stays') await store.note('lane.stays', { why: end.why }, { taskId, attempt, fence });
}
