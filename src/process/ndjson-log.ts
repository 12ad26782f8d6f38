// A log of JSON lines, of bounded size.
//
// N1. No line is torn: one that does not fit is left out, and the last line says how many were.
// N2. Whoever records never waits: what the disk has not taken is held in memory, at most the size of the log.

import { createWriteStream } from 'node:fs';
import type { WriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';

import { redactJson } from '../core/redact-json.ts';
import { openLogFile } from './log-file.ts';

const BYTES_MAX = 4 * 1024 * 1024;

export class NdjsonLog {
  readonly #stream: WriteStream;
  readonly #redact: (text: string) => string;
  readonly #maxBytes: number;
  #bytes = 0;
  #leftOut = 0;
  #failure: Error | null = null;

  /** @param redact applied to all texts: what others say may be made of a secret. */
  constructor(path: string, redact: (text: string) => string, maxBytes = BYTES_MAX) {
    this.#redact = redact;
    this.#maxBytes = maxBytes;
    this.#stream = createWriteStream(path, { fd: openLogFile(path) });
    this.#stream.on('error', (error) => {
      this.#failure = error;
    });
  }

  readonly record = (entry: object): void => {
    const line = `${redactJson(JSON.stringify(entry), this.#redact)}\n`;
    this.#bytes += Buffer.byteLength(line);
    if (this.#bytes > this.#maxBytes) this.#leftOut += 1;
    else this.#stream.write(line);
  };

  /** Throws what the disk said of any line. */
  async close(): Promise<void> {
    if (this.#leftOut > 0) this.#stream.write(`${JSON.stringify({ cut: true, leftOut: this.#leftOut })}\n`);
    this.#stream.end();
    await finished(this.#stream);
    if (this.#failure !== null) throw this.#failure;
  }
}
