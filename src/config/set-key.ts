import { isDeepStrictEqual } from 'node:util';
import { isMap, isScalar, parseDocument } from 'yaml';
import type { Pair, Scalar, YAMLMap } from 'yaml';

import { readYaml } from './yaml.ts';

/**
 * The text of a configuration with one key of its top level set to a word, and every other byte as it was: comments,
 * order and style are the operator's. A new key comes after `version`, else first. Null: the text is not one that it can
 * be set in so that only that changes.
 */
export function setKey(text: string, key: string, word: string | number): string | null {
  const before = readYaml(text);
  if (before.kind === 'bad' || before.data === null || typeof before.data !== 'object') return null;
  const { contents } = parseDocument(text);
  if (!isMap<Scalar, Scalar>(contents)) return null;
  const edited = edit(text, contents, key, word);
  const after = edited === null ? null : readYaml(edited);
  const wanted = Object.assign(Object.create(null) as object, before.data, { [key]: word });
  return after?.kind === 'ok' && isDeepStrictEqual(after.data, wanted) ? edited : null;
}

/** The text without that key, and every other byte as it was; null: it cannot be taken out so that only that changes. */
export function dropKey(text: string, key: string): string | null {
  const before = readYaml(text);
  if (before.kind === 'bad' || before.data === null || typeof before.data !== 'object') return null;
  if (!Object.hasOwn(before.data, key)) return text;
  const { contents } = parseDocument(text);
  if (!isMap<Scalar, Scalar>(contents) || contents.flow === true) return null;
  const pair = pairOf(contents, key);
  const end = isScalar(pair?.value) ? pair.value.range?.[1] : undefined;
  const start = pair?.key.range?.[0];
  if (start === undefined || end === undefined) return null;
  const newline = text.indexOf('\n', end);
  const edited = text.slice(0, start) + (newline === -1 ? '' : text.slice(newline + 1));
  const after = readYaml(edited);
  const wanted = Object.assign(Object.create(null) as object, before.data) as Record<string, unknown>;
  delete wanted[key];
  return after.kind === 'ok' && isDeepStrictEqual(after.data, wanted) ? edited : null;
}

function edit(text: string, map: YAMLMap<Scalar, Scalar>, key: string, word: string | number): string | null {
  const shown = map.flow === true ? JSON.stringify(word) : String(word);
  const there = pairOf(map, key);
  if (there !== undefined) {
    const range = isScalar(there.value) ? there.value.range : null;
    return range ? text.slice(0, range[0]) + shown + text.slice(range[1]) : null;
  }
  if (map.flow === true) {
    const start = (map.range?.[0] ?? 0) + 1;
    const rest = map.items.length === 0 ? '' : ',';
    return `${text.slice(0, start)} ${JSON.stringify(key)}: ${shown}${rest}${text.slice(start)}`;
  }
  const at = placeFor(text, map);
  const line = `${key}: ${shown}${text.includes('\r\n') ? '\r\n' : '\n'}`;
  const lacksEnd = at > 0 && text[at - 1] !== '\n';
  return `${text.slice(0, at)}${lacksEnd ? '\n' : ''}${line}${text.slice(at)}`;
}

function placeFor(text: string, map: YAMLMap<Scalar, Scalar>): number {
  const version = pairOf(map, 'version');
  const end = version?.value?.range?.[1];
  if (end === undefined) return map.items[0]?.key.range?.[0] ?? 0;
  const newline = text.indexOf('\n', end);
  return newline === -1 ? text.length : newline + 1;
}

function pairOf(map: YAMLMap<Scalar, Scalar>, key: string): Pair<Scalar, Scalar> | undefined {
  return map.items.find((pair) => isScalar(pair.key) && pair.key.value === key);
}
