import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';

import type { FreeSpace } from '../core/disk.ts';
import { errnoOf } from './errno.ts';

/** What is free for us on the file system of a directory, or of what of its path is there. One system call. */
export function freeSpaceAt(directory: string): FreeSpace {
  try {
    const { bavail, bsize } = statfsSync(directory);
    return { directory, freeBytes: bavail * bsize };
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT' || dirname(directory) === directory) throw error;
    return freeSpaceAt(dirname(directory));
  }
}
