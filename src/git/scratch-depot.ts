import { join } from 'node:path';

import { mkdir, mkdtemp, rm } from '../process/file-system.ts';
import type { Depot } from './depot.ts';
import { createGitDirectory } from './git-directory.ts';

/**
 * A depot for one look: it has the objects of the real one, and what is written to it leaves the real one as it is.
 * `dispose` throws it away.
 */
export interface ScratchDepot extends Depot {
  dispose(): Promise<void>;
}

/** @param temporary a directory for scratch files. */
export async function openScratchDepot(depot: Depot, temporary: string): Promise<ScratchDepot> {
  await mkdir(temporary, { recursive: true });
  const path = await mkdtemp(join(temporary, 'salvage-'));
  await createGitDirectory(path, { format: depot.format, bare: true, alternate: join(depot.path, 'objects') });
  return {
    path,
    format: depot.format,
    fillDirectory: depot.fillDirectory,
    dispose: () => rm(path, { recursive: true, force: true }),
  };
}
