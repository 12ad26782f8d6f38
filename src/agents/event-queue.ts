/** Of events that wait, and of the characters in them. */
const WAITING_MAX = 1_000;
const WAITING_CHARS_MAX = 4 * 1024 * 1024;

/** Turns calls into an async stream: what is pushed comes out in order, `close` or `fail` ends it. One reader. */
export class EventQueue<T> implements AsyncIterable<T> {
  readonly #waiting: { readonly event: T; readonly chars: number }[] = [];
  #chars = 0;
  #failure: { readonly error: unknown } | null = null;
  #closed = false;
  #wake: (() => void) | null = null;

  /** False while the reader is far behind: whoever pushes nevertheless bounds that itself. */
  get hasRoom(): boolean {
    return this.#waiting.length < WAITING_MAX && this.#chars < WAITING_CHARS_MAX;
  }

  /** @param chars how large it is. */
  push(event: T, chars = 0): void {
    if (this.#closed) return;
    this.#waiting.push({ event, chars });
    this.#chars += chars;
    this.#wake?.();
  }

  /** As `close`, but the reader gets this error after all events. */
  fail(error: unknown): void {
    if (!this.#closed) this.#failure = { error };
    this.close();
  }

  close(): void {
    this.#closed = true;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for (;;) {
      for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
        this.#chars -= next.chars;
        yield next.event;
      }
      if (this.#failure !== null) throw this.#failure.error;
      if (this.#closed) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
      this.#wake = null;
    }
  }
}
