import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { faultOf } from '../core/machine-fault.ts';
import { UserError } from '../core/user-error.ts';
import { errnoOf } from '../process/errno.ts';
import { writeFileDurably } from '../process/file.ts';
import { link, rename, rm } from '../process/file-system.ts';

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

/**
 * As `checkStateOwner`; a directory that nobody has is this repository's from now on. Throws a UserError as well
 * (`state-not-writable`) where that cannot be written down.
 */
export async function claimStateDirectory(stateDirectory: string, commonDirectory: string): Promise<void> {
  const path = join(stateDirectory, OWNER_FILE);
  const half = `${path}.${randomUUID()}`;
  if ((await readOwner(stateDirectory)) !== null) return checkStateOwner(stateDirectory, commonDirectory);
  try {
    await writeFileDurably(half, `${commonDirectory}\n`);
    // Whole or not at all, and never over somebody else's; an empty file is what a full disk left of an earlier try.
    await link(half, path).catch(async (error: unknown) => {
      if (errnoOf(error) !== 'EEXIST') throw error;
      if ((await readOwner(stateDirectory)) === null) await rename(half, path);
    });
  } catch (error) {
    const code = errnoOf(error);
    // A permission can be mended; of a broken disk nothing is certain.
    if (code === null || faultOf(error) === 'disk-broken') throw error;
    throw new UserError({
      code: 'state-not-writable',
      message: `the state directory ${stateDirectory} cannot be written to: ${code}`,
      hint: code === 'ENOSPC' ? 'Free some space, and try again.' : 'Mend its permissions, or set YARD_STATE_DIR.',
      cause: error,
    });
  } finally {
    await rm(half, { force: true });
  }
  await checkStateOwner(stateDirectory, commonDirectory);
}

/** Null: nobody's. */
async function readOwner(stateDirectory: string): Promise<string | null> {
  try {
    const owner = (await readFile(join(stateDirectory, OWNER_FILE), 'utf8')).trim();
    return owner === '' ? null : owner;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return null;
    throw error;
  }
}
