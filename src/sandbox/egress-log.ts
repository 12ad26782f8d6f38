import { createWriteStream } from 'node:fs';
import type { WriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';

import { openLogFile } from '../process/log-file.ts';

/** What became of one request of a cell. */
export interface EgressRecord {
  /** Wall-clock time of the request. */
  readonly at: number;
  /** As it was asked for, cut where it is too long to be a name; null where nothing that could be one was sent. */
  readonly host: string | null;
  readonly port: number | null;
  /** Whether the list lets it through; it may have failed all the same. */
  readonly allowed: boolean;
  readonly why: EgressEnd;
  /** What the proxy connected to. */
  readonly address: string | null;
  /** From the host to the cell, without what the proxy itself said. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly durationMs: number;
}

/** Before anything was connected, or how the tunnel ended. */
export type EgressEnd =
  | 'malformed'
  | 'method'
  | 'header-too-large'
  | 'header-too-slow'
  | 'too-many'
  | 'not-a-name'
  | 'not-listed'
  | 'port'
  | 'address'
  | 'unresolved'
  | 'unreachable'
  | 'ended'
  | 'broken'
  | 'idle'
  | 'closed';

export type EgressSink = (record: EgressRecord) => void;

const BYTES_MAX = 4 * 1024 * 1024;

/** The requests of a cell as NDJSON, up to a size; the last line then says how many were left out. */
export class EgressLog {
  readonly #stream: WriteStream;
  readonly #redact: (text: string) => string;
  readonly #maxBytes: number;
  #bytes = 0;
  #leftOut = 0;
  #failure: Error | null = null;

  /** @param redact applied to what is asked for: a name may be made of a secret. */
  constructor(path: string, redact: (text: string) => string, maxBytes = BYTES_MAX) {
    this.#redact = redact;
    this.#maxBytes = maxBytes;
    this.#stream = createWriteStream(path, { fd: openLogFile(path) });
    this.#stream.on('error', (error) => {
      this.#failure = error;
    });
  }

  readonly record: EgressSink = (record) => {
    const host = record.host === null ? null : this.#redact(record.host);
    const line = `${JSON.stringify({ ...record, host })}\n`;
    this.#bytes += line.length;
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
