import type { Json } from '../../core/yard-event.ts';

/*
 * Programs change what they print from version to version, and what an agent prints is not to be trusted: every field is
 * asked for as what it may be.
 */

export type JsonObject = { readonly [key: string]: Json };

/** The object that a line is; null for a line that is none. */
export function parseLine(line: string): JsonObject | null {
  if (!line.trimStart().startsWith('{')) return null;
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

export function listAt(value: Json | undefined, ...keys: readonly string[]): readonly Json[] {
  const found = at(value, ...keys);
  return Array.isArray(found) ? (found as readonly Json[]) : [];
}
