import type { Clock } from '../core/clock.ts';
import type { Onlooker } from './host.ts';
import { isAlive, ownIdentity } from './identity.ts';

/** For commands that only look: as much of this machine as it takes, without what spawns and kills. */
export function onlooker(clock: Clock): Onlooker {
  return { clock, self: ownIdentity(), isAlive };
}
