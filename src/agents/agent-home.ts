import { lstatSync } from 'node:fs';
import { join } from 'node:path';

import type { SessionRole } from '../core/session.ts';
import { mkdir } from '../process/file-system.ts';
import { removeTree } from '../process/removal.ts';
import type { Removal } from '../process/removal.ts';
import { giveTree } from '../process/owner.ts';
import type { Owner } from '../process/owner.ts';

/** Directory of the state in which each task has one for the homes of its agents. */
export const HOMES = 'homes';

/** No session of the task is gone on with any more. Nothing in its homes is the only copy of any work. */
export function removeHomes(stateDirectory: string, taskId: string): Promise<Removal> {
  return removeTree(join(stateDirectory, HOMES, taskId));
}

/**
 * Makes sure of the directory where the programs of this task and role keep their settings and sessions. It belongs to the
 * agent: the host makes it, and never looks into it.
 */
export async function agentHome(
  stateDirectory: string,
  taskId: string,
  role: SessionRole,
  owner: Owner | null,
): Promise<string> {
  const place = join(stateDirectory, HOMES, taskId);
  const home = join(place, role);
  for (const path of [place, home]) await clearWay(path);
  await mkdir(home, { recursive: true, mode: 0o700 });
  // What the sandbox's user has become meanwhile must be able to write there.
  if (owner !== null) giveTree(home, owner);
  return home;
}

/** An agent without a sandbox can put a file or a link there: no attempt after it is to fail for that, nor to follow it. */
async function clearWay(path: string): Promise<void> {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat !== undefined && !stat.isDirectory()) await removeTree(path);
}
