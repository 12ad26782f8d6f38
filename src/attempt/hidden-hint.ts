import { existsSync } from 'node:fs';
import { homedir } from 'node:os';

import type { CellPolicy } from '../core/cell-policy.ts';
import { expandPlace } from '../sandbox/granted-places.ts';
import { isHiddenFromCell } from '../sandbox/hidden-from-cell.ts';
import type { HidingPlaces } from '../sandbox/hidden-from-cell.ts';
import { isWithin } from '../sandbox/mounts.ts';

const PATHS = /(?<![\w.:/-])(?:~\/|\/)[^\s'"`:;,()<>|&]+/g;
/** The shell's own "cannot execute" and "not found", of a command or of a program. */
const NOT_FOUND = /exited with 12[67]\b|^the agent \S+ could not be run\b/;

/**
 * What a failure of the agent probably comes from, when its words name a place that its cell does not have: the end of a
 * sentence that the reason begins. Empty where they do not.
 * @param command of the agent, null where that is ours, or found on PATH. The operator wrote it: whether its files exist may be told.
 */
export function hiddenHint(
  why: string,
  command: string | readonly string[] | null,
  policy: CellPolicy,
  places: HidingPlaces,
): string {
  const isHidden = (path: string): boolean => isHiddenFromCell(expandPlace(path), policy, places);
  const words = command === null ? [] : pathsIn(typeof command === 'string' ? command : command.join(' '));
  const program = NOT_FOUND.test(why)
    ? words.find((path) => isHidden(path) && existsSync(expandPlace(path)))
    : undefined;
  if (program !== undefined) return `; ${program} is hidden in the cell: name it under sandbox.agents.read`;
  const place = pathsIn(why).find((path) => isWithin(expandPlace(path), homedir()) && isHidden(path));
  if (place === undefined) return '';
  return `; in its cell HOME is an empty directory: name what it may have of yours (${place}) under sandbox.agents.read or sandbox.agents.write`;
}

function pathsIn(text: string): string[] {
  return [...text.matchAll(PATHS)].map(([path]) => path);
}
