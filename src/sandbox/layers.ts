import { lstatSync } from 'node:fs';
import { join, relative } from 'node:path';

import { SYSTEM_PATH } from '../process/environment.ts';
import { chmod, mkdir } from '../process/file-system.ts';
import { findProgram } from '../process/find-program.ts';
import { give } from '../process/owner.ts';
import type { Owner } from '../process/owner.ts';
import { realPath } from './mounts.ts';
import type { Cell, Layer } from './sandbox.ts';

/*
 * Layers of a cell, by overlayfs. Invariants:
 * 1. Overlays are mounted in a mount namespace that ends with the cell: outside of it nothing shows them.
 * 2. They are mounted on directories of ours in the cell's scratch, which bwrap binds to where they are to be seen. No
 *    path that an agent has made is mounted on, or named to the kernel as a layer, without a look that it is no link.
 * 3. What is beneath is never written to; its users would see that, which overlayfs leaves undefined.
 */

/** The programs by which overlays are mounted. */
export interface Layering {
  readonly unshare: string;
  readonly mount: string;
}

/** Null: a program is missing. Whether the kernel lets them is another matter. */
export function findLayering(): Layering | null {
  const [unshare, mount] = ['unshare', 'mount'].map((name) => findProgram(name, SYSTEM_PATH));
  return unshare && mount ? { unshare, mount } : null;
}

interface Overlaid {
  /** Words to put before bwrap: they mount the overlays, and become bwrap. */
  readonly before: readonly [string, ...string[]];
  /** Of bwrap. */
  readonly options: readonly string[];
  readonly binds: readonly { readonly at: string; readonly from: string }[];
}

/** Short names, from within a directory of ours: options of a mount have their own notion of commas and colons. */
const OPTIONS = 'lowerdir=lower,upperdir=upper,workdir=work';
/** $1 mount, $2 options, $3 how many pairs of a place and what is beneath come before the command. */
const SCRIPT = `set -eu
mount=$1 options=$2 left=$3
shift 3
while [ "$left" -gt 0 ]; do
  cd -P -- "$1"
  ln -sfn -- "$2" lower
  "$mount" -t overlay -o "$options" overlay merged
  shift 2
  left=$((left - 1))
done
cd /
exec "$@"`;

/** What puts the layers of a cell in place; null where it has none. */
export async function layOver(cell: Cell, owner: Owner | null, layering: Layering | null): Promise<Overlaid | null> {
  const { layers, scratch } = cell;
  // A lane that is not there is for bwrap to tell.
  if (layers.length === 0 || realPath(cell.directory) === null) return null;
  if (layering === null) throw new Error('a cell was to have layers where none can be mounted');
  const places: string[] = [];
  for (const [index, layer] of layers.entries()) {
    const place = join(scratch, 'layers', String(index));
    places.push(place);
    await makePlace(place, modeOf(cell, layer), owner);
  }
  const isRoot = process.getuid?.() === 0;
  const { unshare, mount } = layering;
  return {
    before: [
      unshare,
      ...(isRoot ? [] : ['--user', '--map-root-user']),
      '--mount',
      '--',
      '/bin/sh',
      '-c',
      SCRIPT,
      'sh',
      mount,
      // The attributes of overlayfs are root's, unless they are asked to be the user's.
      isRoot ? OPTIONS : `${OPTIONS},userxattr`,
      String(layers.length),
      ...layers.flatMap(({ lower }, index) => [places[index] ?? '', lower]),
    ],
    options: isRoot ? [] : asOneself(),
    binds: layers.map(({ target }, index) => ({ at: target, from: join(places[index] ?? '', 'merged') })),
  };
}

/** From the root of a namespace back to the user who made it; bwrap would let its root keep what it can do. */
function asOneself(): string[] {
  return ['--uid', String(process.getuid?.()), '--gid', String(process.getgid?.()), '--cap-drop', 'ALL'];
}

async function makePlace(place: string, mode: number, owner: Owner | null): Promise<void> {
  for (const name of ['upper', 'work', 'merged']) await mkdir(join(place, name), { recursive: true, mode: 0o755 });
  // The directory that is seen has the owner and the mode of this one.
  const upper = join(place, 'upper');
  await chmod(upper, mode);
  if (owner !== null) give(upper, owner);
}

/** The mode of what is beneath. Throws where a link is in the way: an overlay would show, or cover, something else. */
function modeOf({ directory }: Cell, { lower, target }: Layer): number {
  const beneath = lstatSync(lower);
  const top = realPath(directory);
  const isPlain = top !== null && realPath(target) === join(top, relative(directory, target));
  if (!beneath.isDirectory() || !isPlain || !lstatSync(target).isDirectory())
    throw Object.assign(new Error(`${target} is no place for a layer over ${lower}`), { code: 'sandbox-unavailable' });
  return beneath.mode & 0o777;
}
