/**
 * Another content for a task file that is there. Invariants:
 * 1. The file has its old content or the new one, never a part, also after a power cut.
 * 2. It is replaced only if it still is what the change was made from. Of two at once one succeeds, and the other is told:
 *    whoever holds the name beside the file is alone until the rename, which gives the name back. Who lost it writes
 *    nothing.
 */
import { constants } from 'node:fs';
import { lstat, open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { UserError } from '../core/user-error.ts';
import { errnoOf } from '../process/errno.ts';
import { syncDirectory } from '../process/file.ts';
import { rename, rm } from '../process/file-system.ts';
import { hashOf } from './content-hash.ts';
import { readTaskFile } from './task-directory.ts';

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;

/** Writing takes milliseconds: who holds the name for longer was killed. */
const HELD_MAX_MS = 10_000;

/**
 * Puts `text` in place of the content whose hash is `from`; `path` is relative to the root. Returns its hash. Throws a
 * UserError, `task-changed`, where the file is another by now, or somebody else changes it.
 */
export async function replaceTaskFile(root: string, path: string, from: string, text: string): Promise<string> {
  const target = join(root, path);
  const beside = join(dirname(target), `.edit-${basename(path)}`);
  await using file = await take(beside, path);
  try {
    const current = readTaskFile(root, path);
    if (current === null || hashOf(current.bytes) !== from) throw changed(path);
    const { mode } = await lstat(target);
    await file.chmod(mode & 0o777);
    await file.writeFile(text);
    await file.sync();
    if (!(await isOwn(file, beside))) throw changed(path);
    await rename(beside, target);
  } catch (error) {
    if (await isOwn(file, beside)) await rm(beside, { force: true });
    throw error;
  }
  await syncDirectory(dirname(target));
  return hashOf(text);
}

async function take(beside: string, path: string): Promise<FileHandle> {
  const flags = O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY;
  try {
    return await open(beside, flags, 0o600);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') throw changed(path);
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
  const held = await lstat(beside).catch(() => null);
  if (held !== null && !held.isFile()) throw inTheWay(`${dirname(path)}/${basename(beside)}`);
  // A clock that was set back must not keep it for ever.
  if (held !== null && Math.abs(Date.now() - held.mtimeMs) < HELD_MAX_MS) throw changed(path);
  await rm(beside, { force: true });
  return open(beside, flags, 0o600).catch((error: unknown) => {
    throw errnoOf(error) === 'EEXIST' ? changed(path) : error;
  });
}

/** Whether the name is still that of the file: who stood still for too long may have lost it, to one that is not done. */
async function isOwn(file: FileHandle, beside: string): Promise<boolean> {
  const [own, found] = [await file.stat(), await lstat(beside).catch(() => null)];
  return found !== null && found.ino === own.ino && found.dev === own.dev;
}

function inTheWay(file: string): UserError {
  return new UserError({
    code: 'task-not-a-file',
    message: `${file} stands where a new content is written first, and is no file`,
    hint: 'Move it away.',
    place: { file },
  });
}

function changed(file: string): UserError {
  return new UserError({
    code: 'task-changed',
    message: `${file}: somebody else has changed it at the same time, or is about to; nothing was done`,
    hint: 'Look at it, and say it again. After an edit that was killed that takes some seconds.',
    place: { file },
  });
}
