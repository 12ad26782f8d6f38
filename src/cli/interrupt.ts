/** Ctrl-C and SIGTERM: the first asks for an orderly end, the second is for the caller to end at once. */
export class Interrupt {
  readonly #first = new AbortController();
  readonly #handler: () => void;

  constructor(onSecond: () => void) {
    this.#handler = () => {
      if (this.#first.signal.aborted) onSecond();
      else this.#first.abort();
    };
    process.on('SIGINT', this.#handler);
    process.on('SIGTERM', this.#handler);
  }

  get signal(): AbortSignal {
    return this.#first.signal;
  }

  dispose(): void {
    process.off('SIGINT', this.#handler);
    process.off('SIGTERM', this.#handler);
  }
}
