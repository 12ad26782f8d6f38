import { homedir } from 'node:os';

import type { CellPolicy } from '../core/cell-policy.ts';
import { HIDDEN_PLACES } from './hidden-places.ts';
import { isWithin } from './mounts.ts';
import { toolchainPaths } from './toolchain.ts';

/** Where the cells of one yard differ from those of another. */
export interface HidingPlaces {
  /** `PATH` of the operator, whose programs every cell may read. */
  readonly path: string;
  /** Lanes lie here: a path of it is the agent's own more often than not. */
  readonly stateDirectory: string;
}

/**
 * Whether a path of this machine is not there in a cell of this policy, as far as names tell: for words to a person.
 * It never looks whether the path exists: an agent that is told of it would learn that of what is kept from it.
 */
export function isHiddenFromCell(
  path: string,
  policy: CellPolicy,
  { path: PATH, stateDirectory }: HidingPlaces,
): boolean {
  const home = homedir();
  const hidden = [...HIDDEN_PLACES, home, '/tmp', '/var/tmp'];
  const isHidden = (place: string): boolean => hidden.some((around) => isWithin(place, around));
  if (!isHidden(path) || isWithin(path, stateDirectory)) return false;
  const named = [...policy.read, ...policy.write].map((place) =>
    place.replace(/^~(?=\/|$)/, home).replace(/(?<=.)\/$/, ''),
  );
  const shown = [...toolchainPaths(PATH, home, hidden), ...named];
  return !shown.some((place) => isWithin(path, place));
}
