import { taskResource } from '../core/lease.ts';
import { attemptMarker } from '../core/marker.ts';
import type { Host } from '../process/host.ts';
import type { StoreReader } from './store.ts';

interface Places {
  readonly store: Pick<StoreReader, 'attempts' | 'leases'>;
  readonly host: Pick<Host, 'hasMarked'>;
  readonly stateDirectory: string;
}

/** Nobody has the task's lease, and no process of its newest attempt lives: the files of its lane do not change. */
export async function isLaneAtRest({ store, host, stateDirectory }: Places, taskId: string): Promise<boolean> {
  const leases = await store.leases();
  if (leases.some(({ resource }) => resource === taskResource(taskId))) return false;
  const newest = (await store.attempts(taskId)).at(-1);
  if (newest === undefined) return true;
  return !host.hasMarked(attemptMarker(stateDirectory, taskId, newest.attempt, newest.token));
}
