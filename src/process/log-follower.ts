import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { errnoOf } from './errno.ts';
import { LineSplitter } from './lines.ts';
import { laterParts } from './rotated-log.ts';

const CHUNK_BYTES = 64 * 1024;
/** Longer than the first line of any part. */
const NAME_BYTES = 256;
const LINE_FEED = 0x0a;

interface Part {
  readonly file: FileHandle;
  readonly name: string;
}

/**
 * The lines of a `RotatedLog` that may grow, its later parts included. Whoever looks too seldom misses what was rotated
 * away meanwhile, as the first lines of the parts tell.
 */
export class LogFollower {
  readonly #path: string;
  readonly #splitter: LineSplitter;
  readonly #chunk = Buffer.alloc(CHUNK_BYTES);
  #headBytes = 0;
  /** How far each later part has been read, by its first line: its file changes names. */
  #readBytes = new Map<string, number>();

  constructor(path: string, maxLineBytes: number, onLine: (line: string) => void) {
    this.#path = path;
    this.#splitter = new LineSplitter(maxLineBytes, ({ text }) => onLine(text));
  }

  /** Reads what has come since the last time. */
  async read(): Promise<void> {
    await using head = await openIfFile(this.#path);
    if (head === null) return;
    const parts = await this.#openParts();
    try {
      this.#headBytes = await this.#readFrom(head, this.#headBytes);
      const readBytes = new Map<string, number>();
      for (const { file, name } of parts) {
        const from = this.#readBytes.get(name);
        // Whatever stood before it without an end of line stays a line of its own.
        if (from === undefined) this.#splitter.end();
        readBytes.set(name, await this.#readFrom(file, from ?? 0));
      }
      this.#readBytes = readBytes;
    } finally {
      for (const { file } of parts) await file.close();
    }
  }

  end(): void {
    this.#splitter.end();
  }

  /** Older first. The newer one is opened first: when it takes the older one's name meanwhile, it is seen twice, never missed. */
  async #openParts(): Promise<readonly Part[]> {
    const found: Part[] = [];
    for (const path of laterParts(this.#path).toReversed()) {
      const file = await openIfFile(path);
      if (file === null) continue;
      const { bytesRead } = await file.read(this.#chunk, 0, NAME_BYTES, 0);
      const end = this.#chunk.subarray(0, bytesRead).indexOf(LINE_FEED);
      const name = this.#chunk.toString('latin1', 0, Math.max(0, end));
      // One that has no whole first line yet is read the next time.
      if (end === -1 || found.some((part) => part.name === name)) await file.close();
      else found.unshift({ file, name });
    }
    return found;
  }

  async #readFrom(file: FileHandle, fromBytes: number): Promise<number> {
    for (let offset = fromBytes; ;) {
      const { bytesRead } = await file.read(this.#chunk, 0, CHUNK_BYTES, offset);
      if (bytesRead === 0) return offset;
      offset += bytesRead;
      this.#splitter.push(this.#chunk.subarray(0, bytesRead));
    }
  }
}

/** Null: there is none, or something else in its place, which is not waited for. */
async function openIfFile(path: string): Promise<FileHandle | null> {
  const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
  let file: FileHandle;
  try {
    file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT' || code === 'ELOOP' || code === 'ENXIO') return null;
    throw error;
  }
  if ((await file.stat()).isFile()) return file;
  await file.close();
  return null;
}
