// Splits a stream of bytes into lines at LF, and only there.
//
// L1. Text is decoded only when its line is complete: a character that two chunks share is never torn. Bytes that are
//     not UTF-8 become U+FFFD.
// L2. A line holds at most `maxLineBytes`; the rest of it is dropped as it comes, and counted.

import { GrowingBuffer } from './growing-buffer.ts';

const LINE_FEED = 0x0a;

export interface Line {
  /** Without its LF. Of a line that was too long: its beginning, and a mark. */
  readonly text: string;
  /** Bytes that were dropped from its end; 0 for a line that is complete. */
  readonly cutBytes: number;
  /** False for what stood after the last LF: its writer may have died in the middle of it. */
  readonly terminated: boolean;
}

/** Give it chunks, and `end` when there are no more; it calls `onLine` for each line as soon as it is complete. */
export class LineSplitter {
  readonly #onLine: (line: Line) => void;
  readonly #held: GrowingBuffer;
  #cutBytes = 0;

  constructor(maxLineBytes: number, onLine: (line: Line) => void) {
    this.#held = new GrowingBuffer(maxLineBytes);
    this.#onLine = onLine;
  }

  push(chunk: Buffer): void {
    let from = 0;
    for (let at = chunk.indexOf(LINE_FEED); at !== -1; at = chunk.indexOf(LINE_FEED, from)) {
      this.#hold(chunk.subarray(from, at));
      this.#emit(true);
      from = at + 1;
    }
    this.#hold(chunk.subarray(from));
  }

  /** The stream is over: what is held is a last line without an LF. */
  end(): void {
    if (this.#held.sizeBytes > 0 || this.#cutBytes > 0) this.#emit(false);
  }

  #hold(bytes: Buffer): void {
    this.#cutBytes += bytes.length - this.#held.append(bytes);
  }

  #emit(terminated: boolean): void {
    const cutBytes = this.#cutBytes;
    const mark = cutBytes === 0 ? '' : `[... ${cutBytes} bytes cut]`;
    const text = this.#held.view().toString('utf8') + mark;
    this.#held.clear();
    this.#cutBytes = 0;
    this.#onLine({ text, cutBytes, terminated });
  }
}
