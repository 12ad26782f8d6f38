import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { failpoint, isDefective } from './failpoint.ts';
import { SYSTEM_PATH } from './environment.ts';
import { errnoOf } from './errno.ts';
import { rename, rm, writeFile } from './file-system.ts';
import { ownName } from './own-name.ts';
import { runProcess } from './run.ts';

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;

/** Plain tools. */
const SYNC_ENVIRONMENT = { PATH: SYSTEM_PATH, LC_ALL: 'C' };

/**
 * Puts a file in place so that a power cut leaves the old content or the new, never a part: written beside, synced,
 * renamed, directory synced. Throws what the system says; after a failed sync (`error.syscall === 'fsync'`) nothing
 * about the disk is certain, and the process must stop.
 */
export async function writeFileDurably(path: string, data: string | Buffer, mode = 0o600): Promise<void> {
  const directory = dirname(path);
  const temporary = join(directory, ownName('.tmp-'));
  try {
    await writeSynced(temporary, data, mode);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    if (errnoOf(error) === 'ENOSPC' && isDefective('full-disk-ignored')) return;
    throw error;
  }
  await syncDirectory(directory);
}

/**
 * Puts a file in place that can be made again: whoever reads it sees the old content or the new, but a power cut may
 * leave neither. Throws what the system says.
 */
export async function writeView(path: string, data: string, mode = 0o600): Promise<void> {
  const temporary = join(dirname(path), ownName('.tmp-'));
  try {
    await writeFile(temporary, data, { mode, flag: 'wx' });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Makes the names in a directory survive a power cut. */
export async function syncDirectory(path: string): Promise<void> {
  await using directory = await open(path, O_RDONLY | O_DIRECTORY);
  failpoint('directory.sync:before');
  await directory.sync();
}

/**
 * Makes everything that was written so far to the file system of `path` survive a power cut: for many files at once,
 * where a sync of each would take minutes. Throws (`syscall` is `fsync`) when that failed.
 */
export async function syncFileSystem(path: string): Promise<void> {
  failpoint('file-system.sync:before');
  // Only Linux's knows of a single file system.
  const args = process.platform === 'linux' ? ['-f', '--', path] : [];
  const result = await runProcess('sync', args, { cwd: '/', env: SYNC_ENVIRONMENT, session: false });
  if (result.kind === 'exited' && result.code === 0) return;
  const why = result.kind === 'spawn-failed' ? result.message : result.stderr.toString('utf8').trim();
  throw Object.assign(new Error(`the file system of ${path} could not be synced: ${why}`), { syscall: 'fsync' });
}

/** Makes the content of a file survive a power cut. */
export async function syncFile(path: string): Promise<void> {
  await using file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  failpoint('file.sync:before');
  await file.sync();
  failpoint('file.sync:after');
}

async function writeSynced(path: string, data: string | Buffer, mode: number): Promise<void> {
  await using file = await open(path, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY, mode);
  failpoint('file.write:before');
  await file.writeFile(data);
  failpoint('file.sync:before');
  await file.sync();
  failpoint('file.sync:after');
}

export type ReadOutcome =
  | { readonly kind: 'ok'; readonly data: Buffer }
  | { readonly kind: 'missing' }
  | { readonly kind: 'refused'; readonly why: string };

const REFUSALS: Readonly<Record<string, string>> = {
  ELOOP: 'a part of the path is a link',
  ENOTDIR: 'a part of the path is a link or no directory',
  EACCES: 'no permission to read it',
  EPERM: 'no permission to read it',
  ENAMETOOLONG: 'the path is too long',
  ENXIO: 'not a regular file',
};

/**
 * Reads a regular file that an agent may have put there: no link is followed below `root`, nothing blocks (FIFO), and no
 * more than `maxBytes` is read. `relative` is plain: `a/b`, no `.`, `..` or empty part.
 */
export async function readFileBeneath(
  root: string,
  relative: string,
  limits: { readonly maxBytes: number },
): Promise<ReadOutcome> {
  const names = relative.split('/');
  if (names.some((name) => name === '' || name === '.' || name === '..' || name.includes('\0'))) {
    return { kind: 'refused', why: 'not a plain relative path' };
  }
  return readOpened(() => openBeneath(root, names), limits.maxBytes);
}

/** Reads a regular file whose owner may well have put a link there: nothing blocks, and no more than `maxBytes` is read. */
export async function readFileThrough(path: string, limits: { readonly maxBytes: number }): Promise<ReadOutcome> {
  return readOpened(() => open(path, O_RDONLY | O_NONBLOCK), limits.maxBytes);
}

async function readOpened(opening: () => Promise<FileHandle>, maxBytes: number): Promise<ReadOutcome> {
  try {
    await using file = await opening();
    return await readRegular(file, maxBytes);
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT') return { kind: 'missing' };
    const why = code === null ? undefined : REFUSALS[code];
    if (why === undefined) throw error;
    return { kind: 'refused', why };
  }
}

/** Opens one directory after the other, each from the one before, so that no part can be swapped for a link meanwhile. */
async function openBeneath(root: string, names: readonly string[]): Promise<FileHandle> {
  let path = root;
  let at = await open(root, O_RDONLY | O_DIRECTORY);
  for (const [index, name] of names.entries()) {
    const isLast = index === names.length - 1;
    const next = process.platform === 'linux' ? `/proc/self/fd/${at.fd}/${name}` : join(path, name);
    try {
      const opened = await open(next, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | (isLast ? 0 : O_DIRECTORY));
      await at.close();
      at = opened;
    } catch (error) {
      await at.close();
      throw error;
    }
    path = join(path, name);
  }
  return at;
}

async function readRegular(file: FileHandle, maxBytes: number): Promise<ReadOutcome> {
  const { size } = await file.stat().then((stat) => (stat.isFile() ? stat : { size: null }));
  if (size === null) return { kind: 'refused', why: 'not a regular file' };
  if (size > maxBytes) return { kind: 'refused', why: `${size} bytes, more than ${maxBytes}` };
  // One byte more than it should have shows whether it grows under the reading.
  const buffer = Buffer.alloc(size + 1);
  let filled = 0;
  while (filled < buffer.length) {
    const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, filled);
    if (bytesRead === 0) return { kind: 'ok', data: buffer.subarray(0, filled) };
    filled += bytesRead;
  }
  return { kind: 'refused', why: 'it grew while it was read' };
}
