import { attemptMarker } from '../../core/marker.ts';
import type { LocalYard } from '../../reconcile/yard.ts';
import { trainMarker } from '../../train/train-context.ts';

/**
 * Ends every process that works for this yard, at once, and waits until they are gone. What they were at is kept: the
 * next run takes it up as it would after a power cut. The scheduler must have come to rest.
 */
export async function endAll({ store, host, stateDirectory }: LocalYard): Promise<void> {
  await store.stop('the demo', 'it was interrupted');
  for (const { taskId, attempt, token } of await store.runningAttempts()) {
    await host.killTree({ leader: null, marker: attemptMarker(stateDirectory, taskId, attempt, token), graceMs: 0 });
  }
  await host.killTree({ leader: null, marker: trainMarker(stateDirectory), graceMs: 0 });
}
