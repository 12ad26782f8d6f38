import { spawnSync } from 'node:child_process';
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/*
 * A disk whose power can be cut: ext4 on a loop device. What has reached the device is in its backing file; a copy of that
 * file is what a machine would find after a power cut, without all that only the page cache held.
 */

const SIZE_BYTES = 96 * 1024 * 1024;

/** Why there can be no such disk on this machine; null: there can. */
export function whyNoDisk(directory: string): string | null {
  if (process.getuid?.() !== 0) return 'only root may mount';
  try {
    using disk = new Disk(directory, 'trial');
    return disk.path === '' ? 'it has no path' : null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

export class Disk implements Disposable {
  /** Where it is mounted. */
  readonly path: string;
  #backing: string;
  #cuts = 0;

  /** Makes one, and mounts it below the directory. Throws where that cannot be done. */
  constructor(directory: string, name: string) {
    this.path = join(directory, name);
    this.#backing = join(directory, `${name}.ext4`);
    mkdirSync(this.path);
    writeFileSync(this.#backing, '');
    truncateSync(this.#backing, SIZE_BYTES);
    const eager = 'lazy_itable_init=0,lazy_journal_init=0';
    command('mkfs.ext4', '-q', '-F', '-E', eager, this.#backing);
    this.#mount();
  }

  /** What would be found after a power cut at this moment. Everything that writes must stand still. */
  photograph(): string {
    this.#cuts += 1;
    const copy = `${this.#backing}.${this.#cuts}`;
    command('cp', '--sparse=always', this.#backing, copy);
    return copy;
  }

  /** Goes on with that instead. Everything that has a file open must have ended. */
  replaceBy(photograph: string): void {
    command('umount', this.path);
    this.#backing = photograph;
    this.#mount();
  }

  [Symbol.dispose](): void {
    command('umount', this.path);
  }

  #mount(): void {
    command('mount', '-o', 'loop', this.#backing, this.path);
  }
}

function command(program: string, ...args: readonly string[]): void {
  const { status, error, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${program} exited with ${status}: ${stderr.trim()}`);
}
