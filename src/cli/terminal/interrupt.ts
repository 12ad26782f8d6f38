/**
 * Ctrl-C, SIGTERM, and a terminal that is closed: the first asks for an orderly end, the second is for the caller to end
 * at once. A closed terminal tells so more than once, and is never in a hurry.
 */
export class Interrupt {
  readonly #first = new AbortController();
  readonly #handler: () => void;
  readonly #hungUp = (): void => this.#first.abort();

  constructor(onSecond: () => void) {
    this.#handler = () => {
      if (this.#first.signal.aborted) onSecond();
      else this.#first.abort();
    };
    process.on('SIGINT', this.#handler);
    process.on('SIGTERM', this.#handler);
    process.on('SIGHUP', this.#hungUp);
  }

  get signal(): AbortSignal {
    return this.#first.signal;
  }

  dispose(): void {
    process.off('SIGINT', this.#handler);
    process.off('SIGTERM', this.#handler);
    process.off('SIGHUP', this.#hungUp);
  }
}
