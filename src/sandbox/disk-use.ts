import { closeSync, constants, lstatSync, opendirSync, openSync, readdirSync, statSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { setImmediate as breathe } from 'node:timers/promises';

import { systemClock } from '../process/clock.ts';
import { orNull } from '../process/errno.ts';

/*
 * What a process tree has taken of the disk, looked at while it writes, whatever it writes. Invariants:
 * 1. Nothing is opened but directories, no link is followed, and no other file system is entered. (A directory that is
 *    replaced by a link while it is looked at makes the count wrong, nothing else.)
 * 2. Nothing that a name, a mode, a depth or a removal can do ends the walk.
 * 3. It never holds the event loop for long, nor many descriptors, and ends soon after it is told to.
 */

/** A path in bytes, one character for each: names need not be text. */
type Bytes = string;

const SLICE_MS = 5;
const NAMES_AT_ONCE = 256;
/** The kernel takes 4,096 bytes, of which a name may have 255. */
const PATH_BYTES_MAX = 3_500;
const BLOCK_BYTES = 512;
const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK } = constants;

export interface DiskQuestion {
  readonly directories: readonly string[];
  /** Those that may hold files open which have no name any more. */
  readonly pids: readonly number[];
  /** What has not changed since counts nothing: the ctime, which no program can set, is what tells. */
  readonly sinceMs: number;
  readonly signal: AbortSignal;
}

/**
 * Bytes of the disk. What is behind a directory closed to us counts nothing. Cut short by the signal, it says what it has
 * found so far.
 */
export async function diskUse({ directories, pids, sinceMs, signal }: DiskQuestion): Promise<number> {
  const look = new Look(sinceMs, signal);
  for (const directory of directories) await look.tree(directory);
  for (const pid of pids) look.nameless(pid);
  return look.bytes;
}

class Look {
  bytes = 0;
  readonly #sinceMs: number;
  readonly #signal: AbortSignal;
  readonly #devices = new Set<number>();
  /** Device and inode of files with several names: they are counted once. */
  readonly #counted = new Set<string>();
  #sliceMs = systemClock.monotonicMs();

  constructor(sinceMs: number, signal: AbortSignal) {
    this.#sinceMs = sinceMs;
    this.#signal = signal;
  }

  async tree(root: string): Promise<void> {
    const stat = orNull(() => lstatSync(root));
    if (stat?.isDirectory() !== true) return;
    this.#devices.add(stat.dev);
    await this.#directory(Buffer.from(root).toString('latin1'), stat.dev);
  }

  /** Removed, and still open: it takes its place on the disk until it is closed. */
  nameless(pid: number): void {
    const directory = `/proc/${pid}/fd`;
    for (const name of orNull(() => readdirSync(directory)) ?? []) {
      const stat = orNull(() => statSync(`${directory}/${name}`));
      if (stat?.isFile() === true && stat.nlink === 0 && this.#devices.has(stat.dev)) this.#count(stat);
    }
  }

  async #directory(path: Bytes, device: number): Promise<void> {
    if (path.length > PATH_BYTES_MAX) return this.#deep(path, device);
    const below: Bytes[] = [];
    const directory = orNull(() => opendirSync(toPath(path), { encoding: 'latin1', bufferSize: NAMES_AT_ONCE }));
    if (directory === null) return;
    try {
      for (let entry = orNull(() => directory.readSync()); entry !== null; entry = orNull(() => directory.readSync())) {
        await this.#pause();
        if (this.#signal.aborted) return;
        const stat = orNull(() => lstatSync(toPath(`${path}/${entry?.name}`)));
        if (stat === null || stat.dev !== device) continue;
        this.#count(stat);
        if (stat.isDirectory()) below.push(entry.name);
      }
    } finally {
      directory.closeSync();
    }
    for (const name of below) {
      await this.#pause();
      if (this.#signal.aborted) return;
      await this.#directory(`${path}/${name}`, device);
    }
  }

  /** From here on by a short name of the same directory. */
  async #deep(path: Bytes, device: number): Promise<void> {
    if (process.platform !== 'linux') return;
    const descriptor = orNull(() => openSync(toPath(path), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK));
    if (descriptor === null) return;
    try {
      await this.#directory(`/proc/self/fd/${descriptor}`, device);
    } finally {
      closeSync(descriptor);
    }
  }

  #count(stat: Stats): void {
    if (stat.ctimeMs < this.#sinceMs) return;
    if (stat.nlink > 1 && stat.blocks > 0 && !stat.isDirectory()) {
      const file = `${stat.dev}:${stat.ino}`;
      if (this.#counted.has(file)) return;
      this.#counted.add(file);
    }
    this.bytes += stat.blocks * BLOCK_BYTES;
  }

  async #pause(): Promise<void> {
    if (systemClock.monotonicMs() - this.#sliceMs < SLICE_MS) return;
    await breathe();
    this.#sliceMs = systemClock.monotonicMs();
  }
}

function toPath(path: Bytes): Buffer {
  return Buffer.from(path, 'latin1');
}
