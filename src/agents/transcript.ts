import { createWriteStream } from 'node:fs';
import type { WriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';

import { openLogFile } from '../process/log-file.ts';

/** More of an agent's output than this is not kept; a mark says so. */
const BYTES_MAX = 64 * 1024 * 1024;
const LINE_MAX = 100_000;

/**
 * The raw output of a turn, as NDJSON: `{"at":…,"stream":"stdout","text":…}`. Bounded, appended as it comes, so that
 * `yard logs -f` can follow it. A disk that does not take it is told by the next call.
 */
export class Transcript {
  readonly #stream: WriteStream;
  #bytes = 0;
  #cut = false;
  #failure: Error | null = null;

  constructor(path: string) {
    this.#stream = createWriteStream(path, { fd: openLogFile(path) });
    this.#stream.on('error', (error) => {
      this.#failure = error;
    });
  }

  line(atMs: number, stream: 'stdout' | 'stderr' | 'prompt', text: string): void {
    if (this.#failure !== null) throw this.#failure;
    if (this.#cut) return;
    const record = `${JSON.stringify({ at: atMs, stream, text: text.slice(0, LINE_MAX) })}\n`;
    this.#bytes += Buffer.byteLength(record);
    if (this.#bytes > BYTES_MAX) {
      this.#cut = true;
      this.#stream.write(
        `${JSON.stringify({ at: atMs, cut: true, text: `more than ${BYTES_MAX} bytes: the rest is not kept` })}\n`,
      );
      return;
    }
    this.#stream.write(record);
  }

  async close(): Promise<void> {
    this.#stream.end();
    await finished(this.#stream);
  }
}
