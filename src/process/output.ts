import { GrowingBuffer } from './growing-buffer.ts';

/** What a program wrote, in bounded memory: its beginning and its end, and between them a mark that says what is gone. */
export class BoundedOutput {
  readonly #head: GrowingBuffer;
  readonly #tailMaxBytes: number;
  /** A ring; the oldest byte is at `#tailBytes % length` once it is full. */
  #tail: Buffer | null = null;
  #tailBytes = 0;

  /** Keeps at most `maxBytes`, half of it for the beginning; the mark comes on top. */
  constructor(maxBytes: number) {
    this.#head = new GrowingBuffer(Math.ceil(maxBytes / 2));
    this.#tailMaxBytes = Math.floor(maxBytes / 2);
  }

  /** Bytes that are gone from the middle. */
  get cutBytes(): number {
    return Math.max(0, this.#tailBytes - this.#tailMaxBytes);
  }

  append(chunk: Buffer): void {
    const rest = chunk.subarray(this.#head.append(chunk));
    if (rest.length === 0) return;
    if (this.#tailMaxBytes > 0) this.#appendToTail(rest);
    this.#tailBytes += rest.length;
  }

  toBuffer(): Buffer {
    const tail = this.#tail ?? Buffer.alloc(0);
    const cut = this.cutBytes;
    if (cut === 0) return Buffer.concat([this.#head.view(), tail.subarray(0, this.#tailBytes)]);
    const oldest = this.#tailMaxBytes === 0 ? 0 : this.#tailBytes % this.#tailMaxBytes;
    const mark = Buffer.from(`\n[... ${cut} bytes cut ...]\n`);
    return Buffer.concat([this.#head.view(), mark, tail.subarray(oldest), tail.subarray(0, oldest)]);
  }

  #appendToTail(bytes: Buffer): void {
    // Never touched memory costs nothing: the ring may be taken whole at once.
    const ring = (this.#tail ??= Buffer.allocUnsafeSlow(this.#tailMaxBytes));
    const skipped = Math.max(0, bytes.length - ring.length);
    const kept = bytes.subarray(skipped);
    const at = (this.#tailBytes + skipped) % ring.length;
    const copied = kept.copy(ring, at);
    kept.copy(ring, 0, copied);
  }
}
