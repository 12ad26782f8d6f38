import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, lstatSync, openSync, readlinkSync, readSync } from 'node:fs';

import { errnoOf } from '../process/errno.ts';
import { chmodSync } from '../process/file-system.ts';

export type ObjectFormat = 'sha1' | 'sha256';

export const OID_BYTES: { readonly [K in ObjectFormat]: number } = { sha1: 20, sha256: 32 };

/** The id that git gives to these bytes as a blob. */
export function blobId(data: Buffer, format: ObjectFormat): string {
  return createHash(format).update(`blob ${data.length}\0`).update(data).digest('hex');
}

export type ReadResult<T> = ({ readonly kind: 'ok' } & T) | { readonly kind: 'refused'; readonly why: string };

const CHUNK_BYTES = 1024 * 1024;

/**
 * Reads a file of a lane whose processes are dead: no link is followed, nothing but a regular file is opened for
 * long, and no more than `bytesMax` are read.
 */
export function readRegularFile(path: string | Buffer, bytesMax: number): ReadResult<{ readonly data: Buffer }> {
  return withRegularFile<{ readonly data: Buffer }>(path, bytesMax, (file, size) => {
    const data = Buffer.allocUnsafe(size);
    return { kind: 'ok', data: data.subarray(0, fill(file, data, 0)) };
  });
}

/** The blob id of such a file, which is read in pieces. */
export function hashRegularFile(
  path: string | Buffer,
  bytesMax: number,
  format: ObjectFormat,
): ReadResult<{ readonly oid: string }> {
  return withRegularFile<{ readonly oid: string }>(path, bytesMax, (file, size) => {
    const hash = createHash(format).update(`blob ${size}\0`);
    const chunk = Buffer.allocUnsafe(Math.min(size, CHUNK_BYTES));
    let at = 0;
    while (at < size) {
      const count = fill(file, chunk.subarray(0, Math.min(size - at, CHUNK_BYTES)), at);
      if (count === 0) return { kind: 'refused', why: 'shrank while it was read' };
      hash.update(chunk.subarray(0, count));
      at += count;
    }
    return { kind: 'ok', oid: hash.digest('hex') };
  });
}

/** The target of a link, as the bytes that git keeps for it. */
export function readLinkBytes(path: string | Buffer): Buffer {
  return readlinkSync(path, { encoding: 'buffer' });
}

function withRegularFile<T>(
  path: string | Buffer,
  bytesMax: number,
  read: (file: number, size: number) => ReadResult<T>,
): ReadResult<T> {
  const file = open(path);
  if (file === null) return { kind: 'refused', why: 'cannot be read' };
  try {
    const stat = fstatSync(file);
    if (!stat.isFile()) return { kind: 'refused', why: 'is not a regular file' };
    if (stat.size > bytesMax) return { kind: 'refused', why: `is larger than ${bytesMax / 2 ** 20} MiB` };
    return read(file, stat.size);
  } finally {
    closeSync(file);
  }
}

/** Null where the system refuses. A file without permissions is given them: it is ours, or the refusal stands. */
function open(path: string | Buffer): number | null {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  try {
    return openSync(path, flags);
  } catch (error) {
    if (errnoOf(error) === 'ENXIO') return null;
    if (errnoOf(error) !== 'EACCES') throw error;
  }
  try {
    // It is no link, which would have been ELOOP.
    chmodSync(path, (lstatSync(path).mode & 0o7777) | 0o400);
    return openSync(path, flags);
  } catch (error) {
    if (errnoOf(error) === 'EACCES' || errnoOf(error) === 'EPERM') return null;
    throw error;
  }
}

function fill(file: number, target: Buffer, position: number): number {
  let filled = 0;
  while (filled < target.length) {
    const count = readSync(file, target, filled, target.length - filled, position + filled);
    if (count === 0) break;
    filled += count;
  }
  return filled;
}
