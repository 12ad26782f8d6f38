import { attemptMarker } from '../../core/marker.ts';
import { killTree } from '../../process/tree.ts';
import type { LocalYard } from '../../reconcile/yard.ts';
import { trainMarker } from '../../train/train-context.ts';

/**
 * Ends every process that works for this yard, at once, and waits until they are gone. What they were at is kept: the
 * next run takes it up as it would after a power cut. The scheduler must have come to rest.
 */
export async function endAll({ store, stateDirectory }: LocalYard): Promise<void> {
  await store.stop('the demo', 'it was interrupted');
  for (const { taskId, attempt, token } of await store.runningAttempts()) {
    await killTree({ leader: null, marker: attemptMarker(stateDirectory, taskId, attempt, token), graceMs: 0 });
  }
  await killTree({ leader: null, marker: trainMarker(stateDirectory), graceMs: 0 });
}
