import { createWriteStream } from 'node:fs';
import type { WriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';

import type { Redactor } from '../core/redact.ts';
import { openLogFile } from '../process/log-file.ts';
import { RedactedBytes } from '../process/redacted-bytes.ts';
import { Tail } from '../process/tail.ts';
import { rmSync } from '../process/file-system.ts';

const BYTES_MAX = 64 * 1024 * 1024;
const TAIL_BYTES = 12 * 1024;

/**
 * What a gate or a prewarm printed, without secrets: a file that can be followed, bounded, and its end for whoever must
 * mend it. A disk that does not take it is told by the next call.
 */
export class GateLog {
  readonly #stream: WriteStream;
  readonly #redacted: RedactedBytes;
  readonly #tail = new Tail(TAIL_BYTES);
  #bytes = 0;
  #failure: Error | null = null;

  /** Begins a new file: what an agent may have put in its place (a FIFO, a link) is gone. */
  constructor(path: string, redactor: Redactor) {
    this.#redacted = new RedactedBytes(redactor, (bytes) => this.#keep(bytes));
    rmSync(path, { recursive: true, force: true });
    this.#stream = createWriteStream(path, { fd: openLogFile(path) });
    this.#stream.on('error', (error) => {
      this.#failure = error;
    });
  }

  push(chunk: Buffer): void {
    if (this.#failure !== null) throw this.#failure;
    this.#redacted.push(chunk);
  }

  #keep(chunk: Buffer): void {
    this.#tail.push(chunk);
    const before = this.#bytes;
    this.#bytes += chunk.length;
    if (before >= BYTES_MAX) return;
    this.#stream.write(chunk.subarray(0, BYTES_MAX - before));
    if (this.#bytes >= BYTES_MAX) this.#stream.write(`\n[more than ${BYTES_MAX} bytes: the rest is not kept]\n`);
  }

  note(text: string): void {
    this.push(Buffer.from(`${text}\n`));
  }

  /** When no more comes: what was held back is part of it. */
  tail(): string {
    this.#redacted.end();
    return this.#tail.text();
  }

  async close(): Promise<void> {
    this.#redacted.end();
    this.#stream.end();
    await finished(this.#stream);
  }
}
