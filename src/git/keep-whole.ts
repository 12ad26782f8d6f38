import { lstatSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { syncDirectory } from '../process/file.ts';
import { mkdir, rename, rm } from '../process/file-system.ts';
import type { LanePaths } from './lane-names.ts';

/** Names of what is kept so, in the evidence; the number is that of the attempt whose work it is. */
export const KEPT_WHOLE = /^lane-of-(\d+)(?:-\d+)?$/;

/**
 * A lane with content that git cannot hold is kept whole, by rename: nothing is read, nothing can fail half-way. It
 * holds what the lane's directory held, `.git` included, and can be of any kind (a link stays a link).
 *
 * @param keepsake evidence of the attempt that does this.
 * @param attempt whose work it is.
 */
export async function keepWhole(paths: LanePaths, keepsake: string, attempt: number): Promise<void> {
  if (isThere(paths.directory)) {
    await mkdir(keepsake, { recursive: true });
    const first = join(keepsake, `lane-of-${attempt}`);
    let kept = first;
    for (let again = 2; isThere(kept); again += 1) kept = `${first}-${again}`;
    await rename(paths.directory, kept);
    await syncDirectory(keepsake);
    await syncDirectory(dirname(paths.directory));
  }
  // Last: a directory without a note is taken for a fill that was cut short.
  await rm(paths.note, { force: true });
  await rm(paths.index, { force: true });
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
