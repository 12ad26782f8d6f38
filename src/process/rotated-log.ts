// A log that keeps its beginning and its end.
//
// G1. The file at `path` is the beginning; it is only appended to. What comes after it goes to `path.last`. When that is
//     full it becomes `path.before`, in the place of the one before it, and a new one begins. So the disk holds at most
//     `headBytes + 2 * partBytes`, and the last write of each on top.
// G2. Each later part begins with a line of its own that says at which byte of the output it goes on, and no two parts
//     of a log begin alike: a reader sees what is missing, and which part it has read already.
// G3. A write is over when it returns. Nothing waits in memory: whoever writes faster than the disk waits.

import { closeSync, writeSync } from 'node:fs';
import { basename } from 'node:path';
import { openLogFile } from './log-file.ts';
import { renameSync, rmSync } from './file-system.ts';

export interface RotatedLogOptions {
  /** The line at the end of the beginning; `later` are the names of the files with the rest. */
  readonly endOfHead: (later: readonly string[]) => string;
  /** The first line of each later part, of the bytes before it. */
  readonly startOfPart: (offsetBytes: number) => string;
  /** For tests: the real ones take long to fill. */
  readonly limits?: RotatedLogLimits | undefined;
}

export interface RotatedLogLimits {
  readonly headBytes: number;
  readonly partBytes: number;
}

const MIB = 1024 * 1024;
const LIMITS: RotatedLogLimits = { headBytes: 32 * MIB, partBytes: 16 * MIB };

/** The later parts of a log, older first; any of them may be missing. */
export function laterParts(path: string): readonly [before: string, last: string] {
  return [`${path}.before`, `${path}.last`];
}

/** Throws what the disk says, of the call that it says it of. */
export class RotatedLog {
  readonly #path: string;
  readonly #options: RotatedLogOptions;
  readonly #limits: RotatedLogLimits;
  #descriptor: number | null;
  #offsetBytes = 0;
  /** Where the file in use is full. */
  #fullBytes: number;

  /** Goes on with a beginning that is there. What stands in the way of later parts, whoever made it, is removed. */
  constructor(path: string, options: RotatedLogOptions) {
    this.#path = path;
    this.#options = options;
    this.#limits = options.limits ?? LIMITS;
    this.#fullBytes = this.#limits.headBytes;
    for (const part of laterParts(path)) rmSync(part, { recursive: true, force: true });
    this.#descriptor = openLogFile(path);
  }

  /** Whole records, or any bytes: what is given in one call stays in one file. */
  write(data: Buffer): void {
    if (this.#offsetBytes >= this.#fullBytes) this.#rotate();
    this.#append(data);
    this.#offsetBytes += data.length;
  }

  close(): void {
    if (this.#descriptor !== null) closeSync(this.#descriptor);
    this.#descriptor = null;
  }

  #rotate(): void {
    const [before, last] = laterParts(this.#path);
    if (this.#fullBytes === this.#limits.headBytes) {
      this.#append(Buffer.from(`${this.#options.endOfHead([basename(before), basename(last)])}\n`));
    } else {
      // An agent without a sandbox may have put a directory there.
      rmSync(before, { recursive: true, force: true });
      renameSync(last, before);
    }
    this.close();
    this.#descriptor = openLogFile(last, { fresh: true });
    this.#fullBytes = this.#offsetBytes + this.#limits.partBytes;
    this.#append(Buffer.from(`${this.#options.startOfPart(this.#offsetBytes)}\n`));
  }

  #append(data: Buffer): void {
    if (this.#descriptor === null) throw new Error(`${this.#path} is closed`);
    for (let written = 0; written < data.length;) written += writeSync(this.#descriptor, data, written);
  }
}
