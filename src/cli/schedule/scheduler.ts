import type { Clock } from '../../core/clock.ts';
import type { Lease } from '../../core/lease.ts';
import type { ProcessIdentity } from '../../core/process-identity.ts';
import { onlooker } from '../../process/onlooker.ts';
import { isHeld } from '../../store/lease-holder.ts';
import type { StoreReader } from '../../store/store.ts';
import type { Output } from '../terminal/output.ts';

/** The scheduler that drives the yard; null where none does. */
export async function schedulerOf(reader: Pick<StoreReader, 'lease'>, clock: Clock): Promise<ProcessIdentity | null> {
  const lease = await reader.lease('scheduler');
  return lease !== null && isHeld(lease, onlooker(clock)) ? lease.owner : null;
}

/** Its process, of leases that were read already. */
export function schedulerPid(leases: readonly Lease[], clock: Clock): number | null {
  const lease = leases.find(({ resource }) => resource === 'scheduler');
  return lease?.owner && isHeld(lease, onlooker(clock)) ? lease.owner.pid : null;
}

/** To whoever wanted to drive the yard, too. */
export function tellDriven(output: Output, pid: number | null): void {
  output.say(`another scheduler drives this yard already: process ${pid ?? 'unknown'}`);
  output.say('Watch it with: yard attach');
}

/** What a person has to know who is told what a scheduler would do. */
export const NO_SCHEDULER = 'no scheduler runs, so nothing new starts; go on with: yard run';
