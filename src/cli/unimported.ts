import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { isTaskFileName, TASKS_DIRECTORY } from '../trackers/task-directory.ts';
import type { Reading } from './context.ts';

const IMPORT_MARGIN_MS = 2_000;

/**
 * Task files that no run has read yet. The directory is listed only when it has changed since the last import, or so
 * shortly before that it may have missed some.
 */
export async function countUnimported({ reader, location }: Reading, importedMs: number): Promise<number> {
  const directory = join(location.root, TASKS_DIRECTORY);
  const stat = statSync(directory, { throwIfNoEntry: false });
  if (stat?.isDirectory() !== true || stat.mtimeMs < importedMs - IMPORT_MARGIN_MS) return 0;
  const known = new Set((await reader.rows()).map(({ source }) => source?.path));
  return readdirSync(directory).filter((name) => isTaskFileName(name) && !known.has(`${TASKS_DIRECTORY}/${name}`))
    .length;
}
