/**
 * YAML from people and programs that may be careless or hostile, as plain data.
 * 1. Work is bounded before it is done: bytes, tokens, depth, and the values that aliases expand to.
 * 2. Objects have no prototype, and no key reaches one (`__proto__`, `constructor`, `prototype` are refused).
 * 3. Nothing is guessed: no tags, no directives, no merge keys, no duplicate keys, one document.
 */
import { Composer, CST, isAlias, isMap, isScalar, isSeq, Lexer, LineCounter, Parser } from 'yaml';
import type { Document, Node, Pair, YAMLParseError } from 'yaml';
import { quote } from './quote.ts';

/** What a YAML value is once read. */
export type YamlValue = null | boolean | number | string | readonly YamlValue[] | { readonly [key: string]: YamlValue };

/** Steps from the root: keys of maps, indexes of lists. */
export type YamlPath = readonly (string | number)[];

/** Both count from 1, in the file. */
export interface YamlPlace {
  readonly line: number;
  readonly column: number;
}

export interface YamlProblem extends YamlPlace {
  readonly message: string;
  readonly hint: string;
}

export type YamlResult =
  | {
      readonly kind: 'ok';
      readonly data: YamlValue;
      /** Where the value of the path stands (of a map entry: its key); null when it is not in the document. */
      readonly placeOf: (path: YamlPath) => YamlPlace | null;
    }
  | { readonly kind: 'bad'; readonly problems: readonly YamlProblem[] };

const SIZE_MAX_BYTES = 1024 * 1024;
// The parser needs seconds for a mebibyte of punctuation; a file that people write has a few hundred tokens.
const TOKENS_MAX = 50_000;
const DEPTH_MAX = 50;
const VALUES_MAX = 50_000;
const PROBLEMS_MAX = 20;
const REFUSED_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * Reads one YAML document; an empty one is null. `firstLine` is the line of the file at which the text starts, for
 * front matter. Byte order mark and CRLF are fine.
 */
export function readYaml(text: string, firstLine = 1): YamlResult {
  const lines = new LineCounter();
  const place = (offset: number): YamlPlace => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1) + firstLine - 1, column: Math.max(col, 1) };
  };
  try {
    return read(text, lines, place);
  } catch (error) {
    if (error instanceof Refusal) return { kind: 'bad', problems: [{ ...place(error.offset), ...error.parts }] };
    throw error;
  }
}

/** Stops the reading at the first thing that is not even looked into. */
class Refusal extends Error {
  readonly offset: number;
  readonly parts: { readonly message: string; readonly hint: string };

  constructor(offset: number, message: string, hint: string) {
    super(message);
    this.offset = offset;
    this.parts = { message, hint };
  }
}

function read(text: string, lines: LineCounter, place: (offset: number) => YamlPlace): YamlResult {
  lines.addNewLine(0);
  if (Buffer.byteLength(text) > SIZE_MAX_BYTES)
    throw new Refusal(0, 'the file is larger than 1 MiB', 'Make it smaller.');
  const composer = new Composer({ stringKeys: true, uniqueKeys: false, logLevel: 'error', strict: true, merge: false });
  let document: Document.Parsed | null = null;
  for (const next of composer.compose(boundedTokens(text, lines), true, text.length)) {
    if (document !== null) {
      throw new Refusal(next.range[0], 'the file holds more than one YAML document', 'Keep only the first.');
    }
    document = next;
  }
  if (document === null) return { kind: 'ok', data: null, placeOf: () => null };
  if (document.errors.length > 0) {
    const problems = document.errors
      .slice(0, PROBLEMS_MAX)
      .map((error) => ({ ...place(error.pos[0]), ...syntaxParts(error) }));
    return { kind: 'bad', problems };
  }
  const reader = new Reader();
  const data = reader.value(document.contents, 0);
  if (reader.refusals.length > 0) {
    const problems = reader.refusals
      .slice(0, PROBLEMS_MAX)
      .map((refusal) => ({ ...place(refusal.offset), ...refusal.parts }));
    return { kind: 'bad', problems };
  }
  return { kind: 'ok', data, placeOf: (path) => placeOf(reader, document.contents, path, place) };
}

/** The parser's tokens, as long as they stay within bounds; tags and directives are refused on the way. */
function* boundedTokens(text: string, lines: LineCounter): Generator<CST.Token, void> {
  const parser = new Parser(lines.addNewLine);
  let count = 0;
  let offset = 0;
  let isText = false;
  for (const lexeme of new Lexer().lex(text)) {
    count += 1;
    if (count > TOKENS_MAX) throw new Refusal(offset, 'the YAML has too many parts', `At most ${TOKENS_MAX} are read.`);
    const type = CST.tokenType(lexeme);
    if (!isText && type === 'tag') throw new Refusal(offset, `the YAML tag ${quote(lexeme)} is refused`, 'Remove it.');
    if (!isText && type === 'directive-line')
      throw new Refusal(offset, 'a YAML directive is refused', 'Remove that line.');
    isText = type === 'scalar' && lexeme.length === 1 && !isText;
    yield* parser.next(lexeme);
    if (parser.stack.length > 2 * DEPTH_MAX) {
      throw new Refusal(offset, `the YAML is nested deeper than ${DEPTH_MAX} levels`, 'Make it flatter.');
    }
    offset = parser.offset;
  }
  yield* parser.end();
}

/** Turns nodes into data, collecting what is refused. */
class Reader {
  readonly refusals: Refusal[] = [];
  readonly anchors = new Map<string, Node>();
  #values = 0;

  value(node: Node | null, depth: number): YamlValue {
    if (node === null) return null;
    this.#values += 1;
    const offset = offsetOf(node);
    if (this.#values > VALUES_MAX) {
      throw new Refusal(offset, 'the YAML expands to too many values', 'Use fewer or no aliases (*name).');
    }
    if (depth > DEPTH_MAX)
      throw new Refusal(offset, `the YAML is nested deeper than ${DEPTH_MAX} levels`, 'Make it flatter.');
    if (isAlias(node)) {
      const target = this.anchors.get(node.source);
      // An anchor counts from the end of its node, so that no value can hold itself.
      if (target !== undefined) return this.value(target, depth + 1);
      this.#refuse(offset, `the alias *${node.source} names nothing above it`, 'Write the value itself.');
      return null;
    }
    const value = this.#plain(node, depth);
    if ('anchor' in node && node.anchor !== undefined) this.anchors.set(node.anchor, node);
    return value;
  }

  #plain(node: Node, depth: number): YamlValue {
    if (isSeq(node)) return node.items.map((item) => this.value(item as Node | null, depth + 1));
    if (isMap(node)) return this.#map(node.items as Pair<Node, Node | null>[], depth);
    if (!isScalar(node)) throw new Error('the YAML parser made a node of no known kind');
    if (typeof node.value === 'number' && !Number.isFinite(node.value)) {
      this.#refuse(offsetOf(node), 'this is not a finite number', 'Write a number.');
      return null;
    }
    return node.value as YamlValue;
  }

  #map(pairs: readonly Pair<Node, Node | null>[], depth: number): YamlValue {
    const map = Object.create(null) as Record<string, YamlValue>;
    for (const { key, value } of pairs) {
      const name = isScalar(key) && typeof key.value === 'string' ? key.value : null;
      if (name === null) this.#refuse(offsetOf(key), 'a key must be text', 'Give the entry a name.');
      else if (REFUSED_KEYS.has(name))
        this.#refuse(offsetOf(key), `the key ${name} is refused`, 'Choose another name.');
      else if (name in map)
        this.#refuse(offsetOf(key), `the key ${quote(name)} stands twice`, 'Remove one of the two.');
      else map[name] = this.value(value, depth + 1);
    }
    return map;
  }

  #refuse(offset: number, message: string, hint: string): void {
    this.refusals.push(new Refusal(offset, message, hint));
  }
}

function placeOf(
  reader: Reader,
  root: Node | null,
  path: YamlPath,
  place: (offset: number) => YamlPlace,
): YamlPlace | null {
  let node = root;
  let offset = root === null ? 0 : offsetOf(root);
  for (const step of path) {
    // The place of something behind an alias is the place of the alias.
    if (isAlias(node)) return place(offset);
    if (isMap(node)) {
      const pair = (node.items as Pair<Node, Node | null>[]).find(
        ({ key }) => isScalar(key) && key.value === String(step),
      );
      if (pair === undefined) return null;
      offset = offsetOf(pair.key);
      node = pair.value;
    } else if (isSeq(node) && typeof step === 'number') {
      const item = node.items[step] as Node | null | undefined;
      if (item === undefined) return null;
      offset = item === null ? offset : offsetOf(item);
      node = item;
    } else return null;
  }
  return place(offset);
}

function offsetOf(node: Node): number {
  return node.range?.[0] ?? 0;
}

function syntaxParts(error: YAMLParseError): { message: string; hint: string } {
  if (error.code === 'NON_STRING_KEY') return { message: 'a key must be text', hint: 'Give the entry a name.' };
  return {
    message: `this is not YAML: ${sentence(error.message)}`,
    hint: 'Check indentation, quotes and brackets there.',
  };
}

/** The parser's message without its closing stop and upper case. */
function sentence(message: string): string {
  const line = message.split('\n', 1)[0] ?? '';
  const [first = '', second = ''] = line;
  const lowered = second === second.toLowerCase() ? first.toLowerCase() + line.slice(1) : line;
  return quote(lowered.replace(/[.:]$/u, ''), 200).slice(1, -1);
}
