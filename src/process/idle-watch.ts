/** Fires once nothing has been heard for a while. */
export class IdleWatch {
  readonly #abort = new AbortController();
  readonly #timer: NodeJS.Timeout | null;

  /** @param idleMs null: never. */
  constructor(idleMs: number | null) {
    this.#timer = idleMs === null ? null : setTimeout(() => this.#abort.abort(), idleMs);
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Starts the time anew. */
  heard(): void {
    if (!this.#abort.signal.aborted) this.#timer?.refresh();
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
  }
}
