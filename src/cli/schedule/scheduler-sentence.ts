import type { Clock } from '../../core/clock.ts';
import type { Lease } from '../../core/lease.ts';
import { onlooker } from '../../process/onlooker.ts';
import { isHeld } from '../../store/lease-holder.ts';

/** Process of the scheduler that drives the yard; null where none does. */
export function schedulerPid(leases: readonly Lease[], clock: Clock): number | null {
  const lease = leases.find(({ resource }) => resource === 'scheduler');
  return lease?.owner && isHeld(lease, onlooker(clock)) ? lease.owner.pid : null;
}

/** What a person has to know who is told what a scheduler would do. */
export const NO_SCHEDULER = 'no scheduler runs, so nothing new starts; go on with: yard run';
