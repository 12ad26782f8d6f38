import { lstatSync, readdirSync } from 'node:fs';
import type { Dirent } from 'node:fs';
import { join } from 'node:path';

import { errnoOf } from '../process/errno.ts';
import { removeTree } from '../process/removal.ts';
import type { Removal } from '../process/removal.ts';
import type { Depot } from './depot.ts';
import { possibleHolders } from './stale-lock.ts';

/** What a killed git leaves in the depot: a lock, or an object that was being written. */
export interface Leftover {
  readonly path: string;
  /** No git lives that could still be at work on it. */
  readonly isStale: boolean;
}

const TEMPORARY = /^(?:tmp_(?:pack|idx|rev|obj|bitmap|graph|objdir)|incoming-|\.tmp-|\.trash-)/;

/** Everything of the kind. Looks through all refs, and at the names of all loose objects. */
export function findLeftovers({ path }: Pick<Depot, 'path'>): Leftover[] {
  const objects = join(path, 'objects');
  const isLock = ({ name }: Dirent): boolean => name.endsWith('.lock') || name === 'packed-refs.new';
  const isTemporary = ({ name }: Dirent): boolean => TEMPORARY.test(name);
  const fans = entriesIn(objects).filter(({ name }) => /^(?:[0-9a-f]{2}|pack|info)$/.test(name));
  return [
    ...entriesIn(path).filter((entry) => isLock(entry) || isTemporary(entry)),
    ...below(join(path, 'refs')).filter(isLock),
    ...entriesIn(objects).filter(isTemporary),
    ...fans.flatMap(({ name }) =>
      entriesIn(join(objects, name)).filter((entry) => isTemporary(entry) || isLock(entry)),
    ),
  ].flatMap(({ parentPath, name }) => leftover(path, join(parentPath, name)));
}

/** Removes those that are stale still; returns what became of each. */
export async function removeLeftovers(
  depot: Pick<Depot, 'path'>,
): Promise<{ readonly path: string; readonly removal: Removal }[]> {
  const outcomes = [];
  for (const { path, isStale } of findLeftovers(depot)) {
    if (isStale) outcomes.push({ path, removal: await removeTree(path) });
  }
  return outcomes;
}

function leftover(gitDirectory: string, path: string): Leftover[] {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return [];
  const holders = possibleHolders({ path, madeMs: stat.mtimeMs, ino: stat.ino }, gitDirectory);
  return [{ path, isStale: holders.length === 0 }];
}

function entriesIn(directory: string): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}

function below(directory: string): Dirent[] {
  return entriesIn(directory).flatMap((entry) => (entry.isDirectory() ? below(join(directory, entry.name)) : [entry]));
}
