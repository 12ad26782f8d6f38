import { lstatSync, readdirSync } from 'node:fs';
import type { Stats } from 'node:fs';

import { chmodSync } from '../process/file-system.ts';
import { give } from '../process/owner.ts';

/**
 * Makes a tree that another user's programs have made ours, so that nobody but us can write to its files, whoever has a
 * link to them. Nothing may run in it. False, and nothing is changed: there is something in it that cannot be had by
 * links (a file with other names, which could be anybody's; a FIFO, a socket, a device).
 */
export function freeze(path: string): boolean {
  const found: Found[] = [];
  if (!gather(Buffer.from(path), found)) return false;
  for (const { path: at, stat } of found) {
    give(at, null);
    // Set-user-id of what is root's now would be somebody's way to become root.
    if (!stat.isSymbolicLink()) chmodSync(at, stat.mode & 0o755);
  }
  return true;
}

interface Found {
  readonly path: Buffer;
  readonly stat: Stats;
}

/** What is within comes before what it is in. */
function gather(path: Buffer, found: Found[]): boolean {
  const stat = lstatSync(path);
  if (stat.isDirectory()) {
    for (const name of readdirSync(path, { encoding: 'buffer' }))
      if (!gather(Buffer.concat([path, Buffer.from('/'), name]), found)) return false;
  } else if (!stat.isSymbolicLink() && !(stat.isFile() && stat.nlink === 1)) return false;
  found.push({ path, stat });
  return true;
}
