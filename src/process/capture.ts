// Reads what a child writes.
//
// C1. Every byte goes to `onOutput` and, within bounds, into a buffer; memory does not grow with what is written.
// C2. `settle` ends although a stream stays open: somebody that outlives the child may hold the other end for ever.

import { Readable } from 'node:stream';
import type { Writable } from 'node:stream';
import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises';
import { BoundedOutput } from './output.ts';

/** Which stream a chunk came from. */
export type OutputStream = 'stdout' | 'stderr';
export type OnOutput = (chunk: Buffer, stream: OutputStream) => void;

/** Long enough for a process that is about to end to be scheduled on a busy machine. */
const QUIET_MS = 250;
const QUIET_PERIODS_MAX = 8;
const REPORT_BYTES = 4096;

/** The output of one child. */
export class Capture {
  readonly stdout: BoundedOutput;
  readonly stderr: BoundedOutput;
  readonly report = new BoundedOutput(REPORT_BYTES);
  readonly #onOutput: OnOutput;
  readonly #open = new Set<Readable>();
  readonly #allClosed = Promise.withResolvers<void>();
  #chunksSeen = 0;

  /** `maxBytes` for each stream. `onOutput` must not throw. */
  constructor(maxBytes: number, onOutput: OnOutput) {
    this.stdout = new BoundedOutput(maxBytes);
    this.stderr = new BoundedOutput(maxBytes);
    this.#onOutput = onOutput;
  }

  /** Starts to read; null stands for a stream that goes elsewhere. */
  watch(stream: Readable | null, name: OutputStream): void {
    if (stream === null) return;
    this.#open.add(stream);
    stream.on('data', (chunk: Buffer) => {
      this.#chunksSeen += 1;
      this[name].append(chunk);
      this.#onOutput(chunk, name);
    });
    this.#await(stream);
  }

  /** Starts to read descriptor 3, where there is one. */
  watchReport(stream: Readable | Writable | null): void {
    if (!(stream instanceof Readable)) return;
    this.#open.add(stream);
    stream.on('data', (chunk: Buffer) => this.report.append(chunk));
    this.#await(stream);
  }

  #await(stream: Readable): void {
    // A stream that breaks is over, like one that ends: `close` follows, and what came before it is kept.
    stream.on('error', () => stream.destroy());
    stream.once('close', () => {
      this.#open.delete(stream);
      if (this.#open.size === 0) this.#allClosed.resolve();
    });
  }

  /** Waits until the streams have closed, or say nothing more, or talk on without an end. */
  async settle(): Promise<void> {
    for (let period = 0; period < QUIET_PERIODS_MAX && this.#open.size > 0; period += 1) {
      const seenBefore = this.#chunksSeen;
      await Promise.race([this.#allClosed.promise, delay(QUIET_MS, undefined, { ref: false })]);
      // After a blocked event loop the timer comes first: let the waiting bytes in before judging the silence.
      await turn();
      if (this.#chunksSeen === seenBefore) return;
    }
  }

  /** Lets go of what is still open. */
  destroy(): void {
    for (const stream of this.#open) stream.destroy();
  }
}
