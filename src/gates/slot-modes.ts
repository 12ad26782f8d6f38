import { lstatSync } from 'node:fs';

import { fromText, toFileSystem } from '../git/byte-path.ts';
import type { BytePath } from '../git/byte-path.ts';
import { MODE_EXECUTABLE, MODE_FILE } from '../git/index-file.ts';
import type { IndexEntry } from '../git/index-file.ts';
import { chmodSync } from '../process/file-system.ts';

/**
 * Gives the owner's permissions back where a gate took them from what a tree holds: a file or a directory that is
 * read-only by now would be found unchanged, and would fail the next gate.
 */
export function restoreModes(directory: string, entries: ReadonlyMap<BytePath, IndexEntry>): void {
  const root = fromText(directory);
  const directories = new Set<BytePath>(['']);
  for (const [path, { mode }] of entries) {
    for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
      const parent = path.slice(0, slash);
      if (directories.has(parent)) break;
      directories.add(parent);
    }
    if (mode === MODE_FILE) restore(`${root}/${path}`, 0o600, 0o644);
    else if (mode === MODE_EXECUTABLE) restore(`${root}/${path}`, 0o700, 0o755);
  }
  for (const path of directories) restore(path === '' ? root : `${root}/${path}`, 0o700, 0o755);
}

function restore(path: BytePath, owner: number, whole: number): void {
  const absolute = toFileSystem(path);
  if ((lstatSync(absolute).mode & 0o700) !== owner) chmodSync(absolute, whole);
}
