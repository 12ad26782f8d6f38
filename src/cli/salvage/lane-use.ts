import { attemptMarker } from '../../core/marker.ts';
import type { Clock } from '../../core/clock.ts';
import { taskResource } from '../../core/lease.ts';
import type { Lease } from '../../core/lease.ts';
import type { TaskStatus } from '../../core/task-state.ts';
import type { Onlooker } from '../../process/host.ts';
import { onlooker } from '../../process/onlooker.ts';
import { findMarked } from '../../process/tree.ts';
import { ContainerRegister } from '../../sandbox/container-register.ts';
import { isHeld } from '../../store/lease-holder.ts';
import type { StoreReader } from '../../store/store.ts';

/** Who may be writing to a lane. It can be read as it is only while nobody may. */
export interface LaneUse {
  /** Null: the store knows no such task. */
  readonly status: TaskStatus | null;
  /** The newest one, whose work the lane holds; 0: none. */
  readonly attempt: number;
  /** Why it cannot be read now, and what to do; null where it can. */
  readonly busy: { readonly why: string; readonly hint: string } | null;
}

export async function laneUse(
  { reader, stateDirectory }: { readonly reader: StoreReader; readonly stateDirectory: string },
  clock: Clock,
  taskId: string,
): Promise<LaneUse> {
  const task = await reader.task(taskId);
  if (task === null) return { status: null, attempt: 0, busy: null };
  const { status } = task.state;
  const attempt = task.attempts;
  const busy = (why: string, hint: string): LaneUse => ({ status, attempt, busy: { why, hint } });
  if (status === 'landing') return busy(`${taskId} is landing`, `See how far it is with: yard why ${taskId}`);
  const lease = await reader.lease(taskResource(taskId));
  if (status === 'running' && lease !== null && isTaken(lease, onlooker(clock))) {
    return busy(
      `attempt ${attempt} of ${taskId} is running, and its files change`,
      'Wait until it ends, or end all that runs: yard stop --now. Tasks are ready again, no retry is spent, and lanes stay as they are.',
    );
  }
  const newest = (await reader.attempts(taskId)).at(-1);
  const marker = newest === undefined ? null : attemptMarker(stateDirectory, taskId, newest.attempt, newest.token);
  const alive = marker === null ? [] : whoWorks(stateDirectory, marker);
  if (alive.length === 0) return { status, attempt, busy: null };
  return busy(
    `attempt ${attempt} of ${taskId} has ended, but processes of it still run (${alive.join(', ')})`,
    'One cycle ends them and starts nothing: yard reconcile --drain --no-land',
  );
}

/** Pids, and names of containers. */
function whoWorks(stateDirectory: string, marker: string): (number | string)[] {
  const containers = new ContainerRegister(stateDirectory).records().filter((record) => record.marker === marker);
  return [...findMarked(marker).map(({ pid }) => pid), ...containers.map(({ name }) => name)];
}

/** As {@link isHeld}; one that is handed out and not claimed yet is taken too. */
function isTaken(lease: Lease, host: Onlooker): boolean {
  if (lease.owner !== null) return isHeld(lease, host);
  return lease.bootId === host.self.bootId && host.clock.monotonicMs() < lease.expiresMonotonicMs;
}
