/**
 * JSON from people and programs that may be careless or hostile, as plain data with places.
 * 1. Depth and number of values are bounded; the caller bounds the size.
 * 2. Objects have no prototype, and no key reaches one (`__proto__`, `constructor`, `prototype` are refused).
 * 3. Nothing is guessed: no comments, no trailing commas, no key twice, nothing behind the value.
 */
import { quote } from './quote.ts';
import type { YamlPath, YamlPlace, YamlResult, YamlValue } from './yaml.ts';

const DEPTH_MAX = 50;
/** Each costs a hundred bytes or two. */
const VALUES_MAX = 1_000_000;
const REFUSED_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);
const SPACE = /[ \t\r\n]*/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const WORD = /true|false|null/y;

interface JsonNode {
  readonly value: YamlValue;
  readonly offset: number;
  readonly items?: readonly JsonNode[];
  readonly entries?: ReadonlyMap<string, { readonly offset: number; readonly node: JsonNode }>;
}

/** Reads one JSON value; `firstLine` is the line of the file at which the text starts. */
export function readJson(text: string, firstLine = 1): YamlResult {
  const lines = new Lines(text, firstLine);
  try {
    const root = new Reader(text).document();
    return { kind: 'ok', data: root.value, placeOf: (path) => placeOf(root, path, lines) };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { kind: 'bad', problems: [{ ...lines.place(error.offset), message: error.message, hint: error.hint }] };
  }
}

class Refusal extends Error {
  readonly offset: number;
  readonly hint: string;

  constructor(offset: number, message: string, hint: string) {
    super(message);
    this.offset = offset;
    this.hint = hint;
  }
}

/** Finds the line of an offset; the starts of all lines are looked up once. */
class Lines {
  readonly #text: string;
  readonly #firstLine: number;
  #starts: readonly number[] | null = null;

  constructor(text: string, firstLine: number) {
    this.#text = text;
    this.#firstLine = firstLine;
  }

  place(offset: number): YamlPlace {
    this.#starts ??= [0, ...[...this.#text.matchAll(/\n/g)].map(({ index }) => index + 1)];
    let [low, high] = [0, this.#starts.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.#starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + this.#firstLine, column: offset - (this.#starts[low] ?? 0) + 1 };
  }
}

class Reader {
  readonly #text: string;
  #at = 0;
  #values = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): JsonNode {
    this.#space();
    const root = this.#value(0);
    this.#space();
    if (this.#at < this.#text.length) throw this.#bad('something stands behind the end of the value');
    return root;
  }

  #value(depth: number): JsonNode {
    const offset = this.#at;
    if (depth > DEPTH_MAX) {
      throw new Refusal(offset, `the JSON is nested deeper than ${DEPTH_MAX} levels`, 'Make it flatter.');
    }
    this.#values += 1;
    if (this.#values > VALUES_MAX) {
      throw new Refusal(offset, `the JSON has more than ${VALUES_MAX} values`, 'Split it.');
    }
    const first = this.#text[offset];
    if (first === '{') return this.#object(depth);
    if (first === '[') return this.#list(depth);
    if (first === '"') return { value: this.#string(), offset };
    const word = this.#match(WORD);
    if (word !== null) return { value: word === 'null' ? null : word === 'true', offset };
    const number = this.#match(NUMBER);
    if (number === null) throw this.#bad(first === undefined ? 'it ends too early' : 'a value is expected here');
    if (!Number.isFinite(Number(number))) throw this.#bad('the number is too large');
    return { value: Number(number), offset };
  }

  #object(depth: number): JsonNode {
    const offset = this.#at;
    const value = Object.create(null) as Record<string, YamlValue>;
    const entries = new Map<string, { offset: number; node: JsonNode }>();
    this.#at += 1;
    for (let isFirst = true; !this.#closes('}', isFirst); isFirst = false) {
      const keyOffset = this.#at;
      if (this.#text[keyOffset] !== '"') throw this.#bad('a key in double quotes is expected here');
      const key = this.#string();
      if (REFUSED_KEYS.has(key)) throw new Refusal(keyOffset, `the key ${key} is refused`, 'Choose another name.');
      if (entries.has(key)) {
        throw new Refusal(keyOffset, `the key ${quote(key)} stands twice`, 'Remove one of the two.');
      }
      this.#space();
      if (this.#text[this.#at] !== ':') throw this.#bad('a colon is missing');
      this.#at += 1;
      this.#space();
      const node = this.#value(depth + 1);
      value[key] = node.value;
      entries.set(key, { offset: keyOffset, node });
    }
    return { value, offset, entries };
  }

  #list(depth: number): JsonNode {
    const offset = this.#at;
    const items: JsonNode[] = [];
    this.#at += 1;
    for (let isFirst = true; !this.#closes(']', isFirst); isFirst = false) items.push(this.#value(depth + 1));
    return { value: items.map(({ value }) => value), offset, items };
  }

  /** Whether it ends here; otherwise the comma before the next entry is passed. */
  #closes(end: '}' | ']', isFirst: boolean): boolean {
    this.#space();
    if (this.#text[this.#at] === end) {
      this.#at += 1;
      return true;
    }
    if (isFirst) return false;
    if (this.#text[this.#at] !== ',') throw this.#bad(`a comma or ${end} is missing`);
    this.#at += 1;
    this.#space();
    if (this.#text[this.#at] === end) throw this.#bad('nothing stands behind the last comma');
    return false;
  }

  #string(): string {
    const start = this.#at;
    for (let at = start + 1; ; at += 1) {
      const code = this.#text.charCodeAt(at);
      // NaN at the end of the text.
      if (!(code >= 0x20)) throw this.#bad('a text is not closed, or has a control character');
      if (code === 0x5c) at += 1;
      if (code !== 0x22) continue;
      this.#at = at + 1;
      return this.#unescaped(this.#text.slice(start, at + 1), start);
    }
  }

  #unescaped(literal: string, offset: number): string {
    try {
      return JSON.parse(literal) as string;
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      throw new Refusal(
        offset,
        'this is not JSON: the text has an escape that JSON lacks',
        'Write \\\\ for a backslash.',
      );
    }
  }

  #space(): void {
    this.#match(SPACE);
  }

  #match(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at;
    const [found] = pattern.exec(this.#text) ?? [];
    if (found === undefined) return null;
    this.#at += found.length;
    return found;
  }

  #bad(why: string): Refusal {
    return new Refusal(this.#at, `this is not JSON: ${why}`, 'Check quotes, commas and brackets there.');
  }
}

function placeOf(root: JsonNode, path: YamlPath, lines: Lines): YamlPlace | null {
  let node: JsonNode | undefined = root;
  let { offset } = root;
  for (const step of path) {
    const entry: { readonly offset: number; readonly node: JsonNode } | undefined = node?.entries?.get(String(step));
    node = typeof step === 'number' ? node?.items?.[step] : entry?.node;
    if (node === undefined) return null;
    offset = entry?.offset ?? node.offset;
  }
  return lines.place(offset);
}
