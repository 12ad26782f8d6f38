import { createWriteStream } from 'node:fs';
import type { WriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';

import { openLogFile } from '../process/log-file.ts';
import { rmSync } from '../process/file-system.ts';

const BYTES_MAX = 64 * 1024 * 1024;
const TAIL_BYTES = 12 * 1024;

/**
 * What a gate or a prewarm printed: a file that can be followed, bounded, and its end for whoever must mend it. A disk
 * that does not take it is told by the next call.
 */
export class GateLog {
  readonly #stream: WriteStream;
  #bytes = 0;
  #tail: Buffer = Buffer.alloc(0);
  #failure: Error | null = null;

  /** Begins a new file: what an agent may have put in its place (a FIFO, a link) is gone. */
  constructor(path: string) {
    rmSync(path, { recursive: true, force: true });
    this.#stream = createWriteStream(path, { fd: openLogFile(path) });
    this.#stream.on('error', (error) => {
      this.#failure = error;
    });
  }

  push(chunk: Buffer): void {
    if (this.#failure !== null) throw this.#failure;
    const joined = Buffer.concat([this.#tail, chunk]);
    this.#tail = joined.subarray(Math.max(0, joined.length - TAIL_BYTES));
    const before = this.#bytes;
    this.#bytes += chunk.length;
    if (before >= BYTES_MAX) return;
    this.#stream.write(chunk.subarray(0, BYTES_MAX - before));
    if (this.#bytes >= BYTES_MAX) this.#stream.write(`\n[more than ${BYTES_MAX} bytes: the rest is not kept]\n`);
  }

  note(text: string): void {
    this.push(Buffer.from(`${text}\n`));
  }

  tail(): string {
    return this.#tail.toString('utf8');
  }

  async close(): Promise<void> {
    this.#stream.end();
    await finished(this.#stream);
  }
}
