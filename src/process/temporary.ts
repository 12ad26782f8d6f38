import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import { errnoOf } from './errno.ts';
import { currentBootId, isAlive } from './identity.ts';
import { mkdtemp } from './file-system.ts';
import { ownTag } from './own-name.ts';
import { removeTree } from './removal.ts';
import type { Removal } from './removal.ts';

/*
 * Scratch directories. The name of each tells the process that made it, so that what a dead one left can be told from
 * what a living one works in.
 */

/** Makes an empty directory whose path begins with `prefix`, in a directory that exists. */
export async function makeTemporary(prefix: string): Promise<string> {
  return mkdtemp(`${prefix}${ownTag()}-`);
}

const TAG = /[-.](\d+)\.(\d+)\.([0-9a-f]{8})-[A-Za-z0-9]{6}$/;

/**
 * The name says that a process made it, by {@link makeTemporary} or `ownName`, which has ended or is of another boot.
 * False for every name that says nothing of its maker.
 */
export function isLeftOver(name: string): boolean {
  const [, pid, startTime = '', boot] = TAG.exec(name) ?? [];
  if (pid === undefined) return false;
  const bootId = currentBootId();
  return boot !== bootId.slice(0, 8) || !isAlive({ bootId, pid: Number(pid), startTime });
}

/**
 * Removes what dead processes left in a directory, but for what is to be spared. Returns the names of all that was to go; none where there is
 * no such directory.
 */
export async function sweepLeftOvers(
  directory: string,
  {
    spares = () => false,
    onLeft,
  }: {
    readonly spares?: (name: string) => boolean;
    /** Told of what resists. */
    readonly onLeft?: (removal: Removal & { kind: 'left' }) => Promise<void>;
  } = {},
): Promise<string[]> {
  const doomed = entriesOf(directory).filter((name) => isLeftOver(name) && !spares(name));
  for (const name of doomed) {
    const removal = await removeTree(join(directory, name));
    if (removal.kind === 'left') await onLeft?.(removal);
  }
  return doomed;
}

/** Names in a directory; none where there is no such directory. */
export function entriesOf(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}
