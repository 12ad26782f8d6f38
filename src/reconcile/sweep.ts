import { join } from 'node:path';

import { sweepLeftOvers } from '../process/temporary.ts';

/**
 * Removes what dead processes left half-made: their scratch directories, and a depot that was never finished. By the
 * holder of the scheduler's lease, after the cycle that ended what those processes had started. Costs two listings.
 */
export async function sweep(stateDirectory: string): Promise<void> {
  for (const directory of [join(stateDirectory, 'tmp'), stateDirectory]) await sweepLeftOvers(directory);
}
