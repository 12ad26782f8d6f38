import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

import type { BytePath } from './byte-path.ts';

/** A file as git's index recorded it when it wrote it out. */
export interface IndexEntry {
  readonly mode: number;
  readonly oid: string;
  readonly size: number;
  readonly mtimeSeconds: number;
  readonly mtimeNanoseconds: number;
  readonly ctimeSeconds: number;
  readonly ctimeNanoseconds: number;
  readonly ino: number;
}

export const MODE_FILE = 0o100644;
export const MODE_EXECUTABLE = 0o100755;
export const MODE_LINK = 0o120000;
export const MODE_GITLINK = 0o160000;

/** The file was cut short or mangled: it was not synced, and the power went. */
export class DamagedIndexError extends Error {
  readonly code = 'damaged-index';

  constructor(path: string, options?: ErrorOptions) {
    super(`${path} is damaged`, options);
    this.name = 'DamagedIndexError';
  }
}

const HEADER_BYTES = 12;
const STAT_BYTES = 40;
const EXTENDED = 0x4000;
const STAGE = 0x3000;
const NAME_LENGTH = 0xfff;

/**
 * Reads an index that this host wrote itself (version 2 or 3: gitformat-index(5)). It serves as the list of what was
 * filled and as the stat cache that makes reading a lane again cheap.
 */
export function readIndexFile(path: string, oidBytes: number): Map<BytePath, IndexEntry> {
  return parseIndex(readFileSync(path), oidBytes, path);
}

export function parseIndex(data: Buffer, oidBytes: number, path = 'index'): Map<BytePath, IndexEntry> {
  if (!isWhole(data, oidBytes)) throw new DamagedIndexError(path);
  const version = data.readUInt32BE(4);
  if (version !== 2 && version !== 3) throw new Error(`${path} is an index of version ${version}`);
  const count = data.readUInt32BE(8);
  const entries = new Map<BytePath, IndexEntry>();
  // Names are parts of it: no bytes are copied for each.
  const text = data.toString('latin1');
  let at = HEADER_BYTES;
  for (let index = 0; index < count; index += 1) {
    const flagsAt = at + STAT_BYTES + oidBytes;
    const flags = data.readUInt16BE(flagsAt);
    const nameAt = flagsAt + ((flags & EXTENDED) !== 0 ? 4 : 2);
    const length = flags & NAME_LENGTH;
    // As much as the field holds, or more.
    const end = length < NAME_LENGTH ? nameAt + length : data.indexOf(0, nameAt);
    if ((flags & STAGE) !== 0) throw new Error(`${path} is unmerged`);
    entries.set(text.slice(nameAt, end), new EntryInFile(data, at, oidBytes));
    // Entries are padded with one to eight NULs to a multiple of eight bytes.
    at += (end - at + 8) & ~7;
  }
  return entries;
}

/** An entry that is read from the file's bytes when it is asked: of tens of thousands, most are asked little. */
class EntryInFile implements IndexEntry {
  readonly #data: Buffer;
  readonly #at: number;
  readonly #oidBytes: number;

  constructor(data: Buffer, at: number, oidBytes: number) {
    this.#data = data;
    this.#at = at;
    this.#oidBytes = oidBytes;
  }

  get ctimeSeconds(): number {
    return this.#data.readUInt32BE(this.#at);
  }

  get ctimeNanoseconds(): number {
    return this.#data.readUInt32BE(this.#at + 4);
  }

  get mtimeSeconds(): number {
    return this.#data.readUInt32BE(this.#at + 8);
  }

  get mtimeNanoseconds(): number {
    return this.#data.readUInt32BE(this.#at + 12);
  }

  get ino(): number {
    return this.#data.readUInt32BE(this.#at + 20);
  }

  get mode(): number {
    return this.#data.readUInt32BE(this.#at + 24);
  }

  get size(): number {
    return this.#data.readUInt32BE(this.#at + 36);
  }

  get oid(): string {
    return this.#data.toString('hex', this.#at + STAT_BYTES, this.#at + STAT_BYTES + this.#oidBytes);
  }
}

/** It ends with a checksum of all that comes before. */
function isWhole(data: Buffer, oidBytes: number): boolean {
  const end = data.length - oidBytes;
  if (end < HEADER_BYTES || data.toString('latin1', 0, 4) !== 'DIRC') return false;
  const sum = createHash(oidBytes === 32 ? 'sha256' : 'sha1')
    .update(data.subarray(0, end))
    .digest();
  return sum.equals(data.subarray(end));
}
