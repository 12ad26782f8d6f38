/** A message of more characters is no report, and is not kept whole. */
const CHARS_MAX = 1024 * 1024 + 1;

/** Puts together what an agent says in pieces. Memory is bounded; what is beyond is left out. */
export class SpokenText {
  readonly #say: (text: string) => void;
  #pieces: string[] = [];
  #length = 0;
  #last: string | null = null;

  /** @param say gets each message, whole. */
  constructor(say: (text: string) => void) {
    this.#say = say;
  }

  /** The last message since the agent last did something else. */
  get last(): string | null {
    return this.#last;
  }

  add(piece: string): void {
    if (piece === '' || this.#length >= CHARS_MAX) return;
    const kept = piece.slice(0, CHARS_MAX - this.#length);
    this.#pieces.push(kept);
    this.#length += kept.length;
  }

  /** The message has ended, if there was one. */
  end(): void {
    if (this.#length === 0) return;
    const text = this.#pieces.join('');
    this.#pieces = [];
    this.#length = 0;
    this.#last = text;
    this.#say(text);
  }

  /** Something came after it: it was not the last word. */
  forget(): void {
    this.#last = null;
  }
}
