/** What is searched at a time, and again with what follows it: more than any secret has. */
const WINDOW_BYTES = 8 * 1024 * 1024;
const OVERLAP_BYTES = 64 * 1024;

export interface TextWindow {
  /** Where it begins. */
  readonly at: number;
  /** A character for each byte. */
  readonly text: string;
  /** Its beginning, up to where the next one begins. */
  readonly own: string;
}

/** Bytes as texts that can be searched one by one: whatever is shorter than the overlap stands whole in one of them. */
export function* textWindows(data: Buffer): Generator<TextWindow, void, undefined> {
  for (let at = 0; at < data.length; at += WINDOW_BYTES - OVERLAP_BYTES) {
    const text = data.toString('latin1', at, at + WINDOW_BYTES);
    yield { at, text, own: text.slice(0, WINDOW_BYTES - OVERLAP_BYTES) };
  }
}
