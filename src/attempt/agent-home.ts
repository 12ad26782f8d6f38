import { join } from 'node:path';

import type { SessionRole } from '../core/session.ts';
import { mkdir } from '../process/file-system.ts';
import { giveTree } from '../process/owner.ts';
import type { Owner } from '../process/owner.ts';

/** Where the homes of a task's agents are. Nothing in them is the only copy of anything. */
export function homesOf(stateDirectory: string, taskId: string): string {
  return join(stateDirectory, 'homes', taskId);
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
  const home = join(homesOf(stateDirectory, taskId), role);
  await mkdir(home, { recursive: true, mode: 0o700 });
  // What the sandbox's user has become meanwhile must be able to write there.
  if (owner !== null) giveTree(home, owner);
  return home;
}
