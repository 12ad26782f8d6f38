import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { errnoOf } from './errno.ts';

/** Bytes of a file, or of all files below a directory; links are not followed. What cannot be looked into counts nothing. */
export function treeSize(path: string): number {
  try {
    const stat = lstatSync(path);
    if (!stat.isDirectory()) return stat.size;
    return readdirSync(path).reduce((sum, name) => sum + treeSize(join(path, name)), 0);
  } catch (error) {
    // Gone meanwhile, or closed by whoever made it: its size is not worth a failure.
    if (errnoOf(error) === null) throw error;
    return 0;
  }
}
