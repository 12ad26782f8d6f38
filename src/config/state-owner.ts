import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../core/user-error.ts';
import { errnoOf } from '../process/errno.ts';

const OWNER_FILE = 'repository';

/**
 * Sees to it that a state directory serves one repository: two that share it (through `YARD_STATE_DIR`) would take each
 * other's tasks for their own. Throws a UserError (`state-of-another`).
 */
export async function checkStateOwner(stateDirectory: string, commonDirectory: string): Promise<void> {
  const owner = await readOwner(stateDirectory);
  if (owner === null || owner === commonDirectory) return;
  throw new UserError({
    code: 'state-of-another',
    message: `${stateDirectory} keeps the state of another repository, ${owner}`,
    hint: `Set YARD_STATE_DIR to another directory, or unset it. Where the repository was moved, write its new path, ${commonDirectory}, into ${join(stateDirectory, OWNER_FILE)}.`,
  });
}

/** As `checkStateOwner`; a directory that nobody has is this repository's from now on. */
export async function claimStateDirectory(stateDirectory: string, commonDirectory: string): Promise<void> {
  try {
    await writeFile(join(stateDirectory, OWNER_FILE), `${commonDirectory}\n`, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
    await checkStateOwner(stateDirectory, commonDirectory);
  }
}

async function readOwner(stateDirectory: string): Promise<string | null> {
  try {
    return (await readFile(join(stateDirectory, OWNER_FILE), 'utf8')).trim();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return null;
    throw error;
  }
}
