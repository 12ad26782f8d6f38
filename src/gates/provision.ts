import { createHash } from 'node:crypto';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import type { ProvisionEntry } from '../config/schema.ts';
import { errnoOf } from '../process/errno.ts';
import { giveTree, makeDirectories } from '../process/owner.ts';
import type { Owner } from '../process/owner.ts';
import { removeTree } from '../process/removal.ts';
import { cp } from '../process/file-system.ts';

/** A required file is not there: nothing can be prepared or proved without it. */
export class ProvisionError extends Error {
  readonly code = 'provision-missing';

  constructor(source: string) {
    super(`the provisioned file ${source} is missing in the repository's checkout`);
    this.name = 'ProvisionError';
  }
}

/**
 * Copies the operator's ignored files into a lane or a slot. Links are copied as links. Returns the targets that could
 * not be reached: an agent has put a link or a file where a directory of their path would be, and it is not followed.
 * The copies, and directories made for them, belong to the owner (null: to us). Nothing may run in the lane or slot.
 */
export async function provide(
  entries: readonly ProvisionEntry[],
  from: string,
  into: string,
  owner: Owner | null = null,
): Promise<string[]> {
  const blocked: string[] = [];
  for (const { source, target, required } of entries) {
    const path = join(from, source);
    if (!(await exists(path))) {
      if (required) throw new ProvisionError(source);
      continue;
    }
    if (!(await isReachable(into, target))) {
      blocked.push(target);
      continue;
    }
    const destination = join(into, target);
    makeDirectories(into, dirname(target), owner);
    await copyOver(path, destination);
    if (owner !== null) giveTree(destination, owner);
  }
  return blocked;
}

async function copyOver(from: string, to: string): Promise<void> {
  const copy = (): Promise<void> => cp(from, to, { recursive: true, force: true, verbatimSymlinks: true });
  try {
    await copy();
  } catch (error) {
    const code = errnoOf(error);
    if (code === null || !(code.startsWith('ERR_FS_CP_') || code === 'EEXIST')) throw error;
    // A link or a file stands where a directory comes, or the other way round.
    await removeTree(to);
    await copy();
  }
}

/** Whether every directory above `path` that exists below `root` is one, and no link to one. */
export async function isReachable(root: string, path: string): Promise<boolean> {
  let at = root;
  for (const name of path.split('/').slice(0, -1)) {
    at = join(at, name);
    const stat = await lstat(at).catch((error: unknown) => {
      if (errnoOf(error) === 'ENOENT') return null;
      throw error;
    });
    if (stat === null) return true;
    if (!stat.isDirectory()) return false;
  }
  return true;
}

/** A hash over what `provide` would copy, for the key of a verdict. */
export async function provisionHash(entries: readonly ProvisionEntry[], from: string): Promise<string> {
  const hash = createHash('sha256');
  for (const { source, target } of entries) {
    hash.update(`${target}\0`);
    await hashPath(hash, join(from, source));
  }
  return hash.digest('hex');
}

async function hashPath(hash: ReturnType<typeof createHash>, path: string): Promise<void> {
  if (!(await exists(path))) {
    hash.update('missing\0');
    return;
  }
  const stat = await lstat(path);
  if (stat.isDirectory()) {
    for (const name of (await readdir(path)).toSorted()) {
      hash.update(`directory\0${name}\0`);
      await hashPath(hash, join(path, name));
    }
  } else if (stat.isSymbolicLink()) hash.update(`link\0${await readlink(path)}\0`);
  else if (stat.isFile()) hash.update(`file\0${stat.mode & 0o111}\0`).update(await readFile(path));
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return false;
    throw error;
  }
}
