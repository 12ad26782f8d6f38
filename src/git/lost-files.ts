import { lstatSync } from 'node:fs';

import { fromText, toFileSystem } from './byte-path.ts';
import type { BytePath } from './byte-path.ts';
import type { Lane } from './lane.ts';
import type { Change } from './walk.ts';

/**
 * Of the changes in a lane that was filled in an earlier boot, those that nobody made: what the fill had written and a
 * power cut took away again (an empty or cut file, zeros, a name that is gone). An agent starts after the fill, so what
 * it changes has a ctime after it, the file's own or, for a file that it deleted, that of the directory; journals keep
 * the order of such changes. Clocks can be set back: the caller keeps what it finds as well as what it makes of it.
 */
export function lostChanges(lane: Lane, changes: readonly Change[]): Change[] {
  if (!lane.restarted) return [];
  return changes.filter(({ path }) => lane.baseline.has(path) && changedMs(lane.directory, path) <= lane.filledMs);
}

/** Of the path itself, or of what is left of the way to it. No link is followed on that way. */
function changedMs(root: string, path: BytePath): number {
  let changed = lstatSync(root).ctimeMs;
  for (let slash = path.indexOf('/'); ; slash = path.indexOf('/', slash + 1)) {
    const at = slash === -1 ? path : path.slice(0, slash);
    const stat = lstatSync(toFileSystem(`${fromText(root)}/${at}`), { throwIfNoEntry: false });
    if (stat === undefined) return changed;
    changed = stat.ctimeMs;
    if (slash === -1 || !stat.isDirectory()) return changed;
  }
}
