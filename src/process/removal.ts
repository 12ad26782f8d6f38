import { lstat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { SYSTEM_PATH } from './environment.ts';
import { errnoOf } from './errno.ts';
import { ownName } from './own-name.ts';
import { runProcess } from './run.ts';
import { rename, rm } from './file-system.ts';

/** What a removal that was cut short leaves behind begins with this; whoever finds it removes it. */
export const TRASH_PREFIX = '.trash-';

export type Removal =
  | { readonly kind: 'removed' }
  /** Something in it resists (a mount, an immutable file): it is out of the way at `path`. */
  | { readonly kind: 'left'; readonly path: string; readonly why: string };

/** Plain tools, and no relative entry: with one, `find -execdir` refuses. */
const TOOL_ENVIRONMENT = { PATH: SYSTEM_PATH, LC_ALL: 'C' };

/**
 * Removes a tree, whatever an agent has made of it: directories without permissions, paths of any length, links (which
 * are removed, never followed). It is renamed out of the way first, so that `path` is free at once, whatever comes after.
 */
export async function removeTree(path: string): Promise<Removal> {
  const doomed = await setAside(resolve(path));
  if (doomed === null) return { kind: 'removed' };
  try {
    await rm(doomed, { recursive: true, force: true });
    return { kind: 'removed' };
  } catch (error) {
    // Locked directories and overlong paths: the system's own tools get at both, by descending instead of naming.
    if (errnoOf(error) === null) throw error;
  }
  return removeByTools(doomed);
}

/** The new name; the old one when it cannot be renamed; null when there is nothing. */
async function setAside(path: string): Promise<string | null> {
  const trash = join(dirname(path), ownName(TRASH_PREFIX));
  try {
    await rename(path, trash);
    return trash;
  } catch (error) {
    if (errnoOf(error) === null) throw error;
    return (await isGone(path)) ? null : path;
  }
}

async function removeByTools(path: string): Promise<Removal> {
  const options = { cwd: '/', env: TOOL_ENVIRONMENT, session: false };
  // Directories only: the mode of a file is shared with its hard links elsewhere.
  const locked = ['-type', 'd', '!', '-perm', '-700', '-execdir', 'chmod', 'u+rwx', '--', '{}', ';'];
  await runProcess('find', [path, ...locked], options);
  const result = await runProcess('rm', ['-rf', '--', path], options);
  if (await isGone(path)) return { kind: 'removed' };
  return { kind: 'left', path, why: result.stderr.toString('utf8').trim() };
}

async function isGone(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return false;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return true;
    throw error;
  }
}
