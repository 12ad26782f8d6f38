const FIRST_CAPACITY_BYTES = 1024;

/** Bytes, appended up to a limit. Holds at most twice what it was given, however small the pieces. */
export class GrowingBuffer {
  readonly #limitBytes: number;
  #bytes = Buffer.alloc(0);
  #sizeBytes = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Takes what fits; says how many bytes that were. */
  append(chunk: Buffer): number {
    const taken = Math.min(chunk.length, this.#limitBytes - this.#sizeBytes);
    this.#reserve(this.#sizeBytes + taken);
    chunk.copy(this.#bytes, this.#sizeBytes, 0, taken);
    this.#sizeBytes += taken;
    return taken;
  }

  /** The bytes themselves, not a copy: valid until the next `append` or `clear`. */
  view(): Buffer {
    return this.#bytes.subarray(0, this.#sizeBytes);
  }

  clear(): void {
    this.#sizeBytes = 0;
  }

  #reserve(neededBytes: number): void {
    if (neededBytes <= this.#bytes.length) return;
    const capacity = Math.max(FIRST_CAPACITY_BYTES, neededBytes, Math.min(this.#bytes.length * 2, this.#limitBytes));
    const grown = Buffer.allocUnsafeSlow(capacity);
    this.view().copy(grown);
    this.#bytes = grown;
  }
}
