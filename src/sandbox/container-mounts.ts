import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { mkdir, writeFile } from '../process/file-system.ts';
import { give } from '../process/owner.ts';
import type { Owner } from '../process/owner.ts';
import { isWithin, mountsOf } from './mounts.ts';
import type { Mount } from './mounts.ts';
import { ownPlaces } from './own-places.ts';
import type { Cell } from './sandbox.ts';

/** What a container shows of this machine, by the path at which it shows it. Everything else comes from its image. */
export function containerMounts(cell: Cell, home: string): Mount[] {
  const { home: ownHome, temporary } = ownPlaces(cell.scratch);
  const mounts = new Map<string, Mount>(
    [
      { kind: 'write', at: '/tmp', from: temporary } as const,
      { kind: 'write', at: '/var/tmp', from: temporary } as const,
      { kind: 'write', at: home, from: ownHome } as const,
    ].map((mount) => [mount.at, mount]),
  );
  // Of the whole machine nothing is seen but what is named.
  const view = { hidden: ['/', ...cell.hidden], readable: cell.readable, writable: [cell.directory, ...cell.writable] };
  for (const mount of mountsOf({ ...view, own: [] })) if (mount.at !== '/') mounts.set(mount.at, mount);
  return [...mounts.values()];
}

/**
 * Makes the cell's own home and temporary directory, with what other mounts are put upon in them: an engine that has to
 * make these itself makes them root's, and we could not remove them afterwards.
 */
export async function makeMountPoints(mounts: readonly Mount[], scratch: string, owner: Owner | null): Promise<void> {
  const own = Object.values<string>({ ...ownPlaces(scratch) });
  for (const path of own) await makeDirectory(path, dirname(scratch), owner);
  for (const place of mounts) {
    if (place.kind === 'hidden' || !own.includes(place.from)) continue;
    for (const mount of mounts) {
      if (mount.at === place.at || !isWithin(mount.at, place.at)) continue;
      const point = join(place.from, mount.at.slice(place.at.length));
      const isFile = mount.kind !== 'hidden' && !statSync(mount.from).isDirectory();
      await makeDirectory(isFile ? dirname(point) : point, place.from, owner);
      if (isFile) await makeFile(point, owner);
    }
  }
}

/** Made with all directories above it, up to one that is there. */
async function makeDirectory(path: string, root: string, owner: Owner | null): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  if (owner === null) return;
  for (let at = path; at !== root && isWithin(at, root); at = dirname(at)) give(at, owner);
}

async function makeFile(path: string, owner: Owner | null): Promise<void> {
  await writeFile(path, '', { flag: 'a', mode: 0o600 });
  if (owner !== null) give(path, owner);
}
