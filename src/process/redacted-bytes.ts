import type { RedactingStream, Redactor } from '../core/redact.ts';

/** What a program prints, without secrets: whatever keeps or shows its bytes takes them from here. */
export class RedactedBytes {
  readonly #stream: RedactingStream;
  readonly #give: (bytes: Buffer) => void;

  /** @param give called with what can be given out, never with nothing. */
  constructor(redactor: Redactor, give: (bytes: Buffer) => void) {
    this.#stream = redactor.stream();
    this.#give = give;
  }

  push(chunk: Buffer): void {
    this.#take(this.#stream.push(chunk.toString('latin1')));
  }

  /** There are no more: what was held back comes. */
  end(): void {
    this.#take(this.#stream.end());
  }

  #take(text: string): void {
    if (text !== '') this.#give(Buffer.from(text, 'latin1'));
  }
}

/** All at once; the same bytes where there is nothing to hide. */
export function redactBytes(redactor: Redactor, data: Buffer): Buffer {
  const text = data.toString('latin1');
  const redacted = redactor.text(text);
  return redacted === text ? data : Buffer.from(redacted, 'latin1');
}
