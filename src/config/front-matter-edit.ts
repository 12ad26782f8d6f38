/**
 * Changes to the front matter of a task file, in place. Invariants:
 * 1. Only lines of the key that changes are touched; comments, order, quoting and line ends of all others stay.
 * 2. What cannot be changed so is left (`null`): nothing is guessed.
 */
import { isCollection, isMap, isScalar, isSeq, parseDocument } from 'yaml';
import type { Node, Pair, Scalar, YAMLMap, YAMLSeq } from 'yaml';
import { yamlText } from './yaml-text.ts';

/** What a key is to have: text, a number, a list, or nothing at all. */
export type MatterValue = string | number | readonly string[] | null;

/** Text that needs no quotes between the brackets of a list. */
const PLAIN_IN_BRACKETS = /^[A-Za-z][A-Za-z0-9_./*-]*$/;

/** The front matter (without its `---` lines) with another value of the key; null where it cannot be done in place. */
export function editFrontMatter(matter: string, key: string, value: MatterValue): string | null {
  const document = parseDocument(matter, { uniqueKeys: false, logLevel: 'silent' });
  const root = document.contents;
  if (document.errors.length > 0 || (root !== null && (!isMap(root) || root.flow === true))) return null;
  const pair = root === null ? undefined : findPair(root, key);
  const isNothing = value === null || (Array.isArray(value) && value.length === 0);
  if (pair === undefined) return isNothing ? matter : append(matter, key, value);
  const old = pair.value;
  if (isNothing) return replaceLines(matter, pair, '');
  if (Array.isArray(value)) return editList(matter, key, pair, value as readonly string[]);
  if (isPlainScalar(old)) return splice(matter, old, scalarText(value as string | number));
  return replaceLines(matter, pair, entryText(key, value));
}

function findPair(root: YAMLMap, key: string): Pair<Node, Node | null> | undefined {
  const pairs = root.items as Pair<Node, Node | null>[];
  return pairs.find((pair) => isScalar(pair.key) && pair.key.value === key);
}

/** A value on one line, without an anchor or a tag that something else may hang on. */
function isPlainScalar(node: Node | null): node is Scalar & { range: [number, number, number] } {
  if (!isScalar(node) || node.anchor !== undefined || node.tag !== undefined || !node.range) return false;
  const isBlock = node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED';
  return !isBlock && node.range[1] > node.range[0];
}

function editList(
  matter: string,
  key: string,
  pair: Pair<Node, Node | null>,
  wanted: readonly string[],
): string | null {
  const old = pair.value;
  if (isSeq(old) && old.flow === true && old.range && old.anchor === undefined) {
    return splice(matter, old as { range: [number, number, number] }, `[${wanted.map(bracketText).join(', ')}]`);
  }
  return (
    (isSeq(old) && old.anchor === undefined ? editItems(matter, old, wanted) : null) ??
    replaceLines(matter, pair, entryText(key, wanted))
  );
}

/** Takes lines of items out, and adds lines behind the last; null where that does not lead to what is wanted. */
function editItems(matter: string, list: YAMLSeq, wanted: readonly string[]): string | null {
  const items = list.items as Node[];
  if (!items.every(isLineItem(matter))) return null;
  const texts = items.map((item) => String((item as Scalar).value).trim());
  const kept = texts.filter((text, index) => wanted.includes(text) && texts.indexOf(text) === index);
  if (kept.length === 0 || !kept.every((text, index) => wanted[index] === text)) return null;
  const [first] = items;
  const last = items.at(-1);
  if (!first?.range || !last?.range) return null;
  const indent = matter.slice(lineStart(matter, first.range[0]), first.range[0]).replace(/-[ \t]+$/, '');
  const added = wanted.slice(kept.length).map((text) => `${indent}- ${yamlText(text)}${lineEnd(matter)}`);
  let result = splicedAt(matter, nextLine(matter, last.range[1]), added.join(''));
  for (const [index, item] of items.entries().toArray().toReversed()) {
    const isKept = texts.indexOf(texts[index] ?? '') === index && wanted.includes(texts[index] ?? '');
    if (isKept || !item.range) continue;
    result = result.slice(0, lineStart(matter, item.range[0])) + result.slice(nextLine(matter, item.range[1]));
  }
  return result;
}

/** An item that has one line to itself. */
function isLineItem(matter: string): (item: Node) => boolean {
  return (item) => {
    if (!isPlainScalar(item)) return false;
    const [start, end] = item.range;
    return (
      !matter.slice(start, end).includes('\n') && /^[ \t]*-[ \t]+$/.test(matter.slice(lineStart(matter, start), start))
    );
  };
}

function append(matter: string, key: string, value: MatterValue): string {
  const eol = lineEnd(matter);
  const isWhole = matter === '' || matter.endsWith('\n');
  return `${matter}${isWhole ? '' : eol}${entryText(key, value).replaceAll('\n', eol)}`;
}

function replaceLines(matter: string, { key, value }: Pair<Node, Node | null>, text: string): string | null {
  if (!key.range) return null;
  const start = lineStart(matter, key.range[0]);
  // Something else stands on the line: another form of writing than ours.
  if (matter.slice(start, key.range[0]).trim() !== '') return null;
  const end = nextLine(matter, Math.max(key.range[1], endOf(value)));
  return matter.slice(0, start) + text.replaceAll('\n', lineEnd(matter)) + matter.slice(end);
}

/** Where the text of a node ends, without comments and blank lines behind it. */
function endOf(node: Node | null): number {
  if (node === null || !node.range) return 0;
  if (!isCollection(node) || node.flow === true) return node.range[1];
  const ends = node.items.map((item) => {
    if (!('key' in (item as object))) return endOf(item as Node);
    const { key, value } = item as Pair<Node, Node | null>;
    return Math.max(endOf(key), endOf(value));
  });
  return Math.max(node.range[0], ...ends);
}

function splice(
  matter: string,
  { range }: { readonly range: readonly [number, number, number] },
  text: string,
): string {
  return matter.slice(0, range[0]) + text + matter.slice(range[1]);
}

function splicedAt(matter: string, at: number, text: string): string {
  const before = matter.slice(0, at);
  const isWhole = before === '' || before.endsWith('\n') || text === '';
  return `${before}${isWhole ? '' : lineEnd(matter)}${text}${matter.slice(at)}`;
}

function lineStart(text: string, offset: number): number {
  return text.lastIndexOf('\n', offset - 1) + 1;
}

/** Where the line after that of the last character before `end` begins. */
function nextLine(text: string, end: number): number {
  const at = text.indexOf('\n', Math.max(end - 1, 0));
  return at === -1 ? text.length : at + 1;
}

function lineEnd(text: string): string {
  return /\r\n/.test(text) ? '\r\n' : '\n';
}

function entryText(key: string, value: MatterValue): string {
  if (Array.isArray(value)) {
    return `${key}:\n${(value as readonly string[]).map((entry) => `  - ${yamlText(entry)}\n`).join('')}`;
  }
  return `${key}: ${scalarText(value as string | number)}\n`;
}

function scalarText(value: string | number): string {
  return typeof value === 'number' ? String(value) : yamlText(value);
}

function bracketText(text: string): string {
  return PLAIN_IN_BRACKETS.test(text) ? yamlText(text) : JSON.stringify(text);
}
