import type { Json } from '../../core/yard-event.ts';

/*
 * Programs change what they print from version to version, and what an agent prints is not to be trusted: every field is
 * asked for as what it may be.
 */

export type JsonObject = { readonly [key: string]: Json };

/** What programs print is some ten levels deep; what is much deeper can be parsed, and not be written again. */
const DEPTH_MAX = 500;
/** One line has room for a million: who goes through all of these keeps the process from all else, its heartbeat too. */
const ENTRIES_MAX = 10_000;

/** The object that a line is; null for a line that is none, or one that is nested too deep. */
export function parseLine(line: string): JsonObject | null {
  if (!line.trimStart().startsWith('{') || isDeep(line)) return null;
  try {
    return asObject(JSON.parse(line) as Json);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

export function asObject(value: Json | undefined): JsonObject | null {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as JsonObject) : null;
}

/** What is at the end of these keys; undefined where one of them is missing. */
export function at(value: Json | undefined, ...keys: readonly string[]): Json | undefined {
  let here = value;
  for (const key of keys) {
    const object = asObject(here);
    if (object === null || !Object.hasOwn(object, key)) return undefined;
    here = object[key];
  }
  return here;
}

export function textAt(value: Json | undefined, ...keys: readonly string[]): string | null {
  const found = at(value, ...keys);
  return typeof found === 'string' ? found : null;
}

export function numberAt(value: Json | undefined, ...keys: readonly string[]): number | null {
  const found = at(value, ...keys);
  return typeof found === 'number' && Number.isFinite(found) ? found : null;
}

/** The entries of a list, up to far more than a program lists; none where there is no list. */
export function listAt(value: Json | undefined, ...keys: readonly string[]): readonly Json[] {
  const found = at(value, ...keys);
  return Array.isArray(found) ? (found as readonly Json[]).slice(0, ENTRIES_MAX) : [];
}

const [QUOTE, BACKSLASH] = ['"'.charCodeAt(0), '\\'.charCodeAt(0)];
const OPENING: ReadonlySet<number> = new Set(['{', '['].map((one) => one.charCodeAt(0)));
const CLOSING: ReadonlySet<number> = new Set(['}', ']'].map((one) => one.charCodeAt(0)));

function isDeep(line: string): boolean {
  if (line.length <= DEPTH_MAX) return false;
  let depth = 0;
  let isText = false;
  for (let index = 0; index < line.length; index += 1) {
    const unit = line.charCodeAt(index);
    if (unit === QUOTE) isText = !isText;
    else if (isText) index += unit === BACKSLASH ? 1 : 0;
    else if (OPENING.has(unit)) depth += 1;
    else if (CLOSING.has(unit)) depth -= 1;
    if (depth > DEPTH_MAX) return true;
  }
  return false;
}
