import { join } from 'node:path';

import { removeHomes } from '../agents/agent-home.ts';
import { excludedPaths } from '../agents/excluded-paths.ts';
import { openLane } from '../git/lane.ts';
import { retireLane } from '../git/retire-lane.ts';
import type { Retirement } from '../git/retire-lane.ts';
import type { LocalYard } from './yard.ts';

/**
 * Ends the lane of a task that has no attempt any more and gets none, as the train does it: all that it holds is kept
 * first. By the holder of the scheduler's lease, when every process that could write to the lane is dead.
 */
export async function endLane(
  { depot, stateDirectory, settings, host, redactor }: LocalYard,
  { taskId, attempt }: { readonly taskId: string; readonly attempt: number },
): Promise<Retirement> {
  const { pin } = await settings.current();
  const end = await retireLane({
    depot,
    stateDirectory,
    taskId,
    attempt,
    identity: pin.config.identity,
    redactor,
    excludes: pin.excludes,
    excluded: excludedPaths(pin.config, await openLane(depot, stateDirectory, taskId)),
    include: pin.config.salvage.include,
    keepsake: join(stateDirectory, 'attempts', taskId, String(attempt)),
    atMs: host.clock.nowMs(),
    landed: null,
  });
  if (end.kind === 'retired') await removeHomes(stateDirectory, taskId);
  return end;
}
