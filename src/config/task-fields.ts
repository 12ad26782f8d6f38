import { joinChain, tidyChain } from '../core/agent-spec.ts';
import { formatPlace, type Place, UserError } from '../core/user-error.ts';
import { quote } from './quote.ts';
import { hasControlCharacter } from './relative-path.ts';
import type { YamlPath, YamlPlace, YamlValue } from './yaml.ts';

const LINE_LENGTH_MAX = 500;
const LIST_LENGTH_MAX = 200;

/** The front matter of one task file, read key by key. Every method throws a UserError that names the place. */
export class TaskFields {
  readonly #file: string;
  readonly #data: { readonly [key: string]: YamlValue };
  readonly #placeOf: (path: YamlPath) => YamlPlace | null;

  constructor(
    file: string,
    data: { readonly [key: string]: YamlValue },
    placeOf: (path: YamlPath) => YamlPlace | null,
  ) {
    this.#file = file;
    this.#data = data;
    this.#placeOf = placeOf;
  }

  get keys(): string[] {
    return Object.keys(this.#data);
  }

  raw(key: string): YamlValue {
    return this.#data[key] ?? null;
  }

  /** One line of text; null when the key is absent or empty. */
  line(key: string): string | null {
    const value = this.raw(key);
    if (value === null || value === '') return null;
    if (typeof value !== 'string') {
      throw this.error(
        'task-type',
        [key],
        `${key} must be text, not ${describe(value)}`,
        `Put it in quotes: ${key}: "…"`,
      );
    }
    return this.#checkLine([key], key, value);
  }

  /** Lines of text, given as a list or as a single one; doubles are dropped. */
  lines(key: string): { readonly text: string; readonly path: YamlPath }[] {
    const value = this.raw(key);
    if (value === null || value === '') return [];
    const isList = Array.isArray(value);
    const entries: readonly YamlValue[] = isList ? (value as readonly YamlValue[]) : [value];
    if (entries.length > LIST_LENGTH_MAX) {
      const message = `${key} has ${entries.length} entries, more than ${LIST_LENGTH_MAX}`;
      throw this.error('task-too-long', [key], message, 'Use patterns, or split the task.');
    }
    const found = new Map<string, YamlPath>();
    for (const [index, entry] of entries.entries()) {
      const path = isList ? [key, index] : [key];
      if (typeof entry !== 'string' || entry.trim() === '') {
        const hint = `Write a list of texts: ${key}: [a, b]`;
        throw this.error('task-type', path, `${key} must be a list of texts; one entry is ${describe(entry)}`, hint);
      }
      const text = this.#checkLine(path, key, entry);
      if (!found.has(text)) found.set(text, path);
    }
    return [...found].map(([text, path]) => ({ text, path }));
  }

  /** Agents that stand in for each other, given as a list or as one text with commas; null when none is named. */
  chain(key: string): string | null {
    const chain = tidyChain(joinChain(this.lines(key).map(({ text }) => text)));
    // As one text it must be read again.
    return chain === null ? null : this.#checkLine([key], key, chain);
  }

  integer(key: string, otherwise: number): number {
    const value = this.raw(key);
    if (value === null) return otherwise;
    if (typeof value === 'number' && Number.isSafeInteger(value)) return Object.is(value, -0) ? 0 : value;
    throw this.error('task-type', [key], `${key} must be a whole number, not ${describe(value)}`, `Write ${key}: 1`);
  }

  place(path: YamlPath): Place {
    return { file: this.#file, ...(this.#placeOf(path) ?? { line: 1, column: 1 }) };
  }

  error(code: string, path: YamlPath, message: string, hint: string): UserError {
    return taskError(code, this.place(path), message, hint);
  }

  #checkLine(path: YamlPath, key: string, value: string): string {
    const text = value.trim();
    if (hasControlCharacter(text)) {
      throw this.error('task-control-character', path, `${key} has a control character: ${quote(text)}`, 'Remove it.');
    }
    if (text.length > LINE_LENGTH_MAX) {
      const message = `${key} is longer than ${LINE_LENGTH_MAX} characters: ${quote(text)}`;
      throw this.error('task-too-long', path, message, 'Make it shorter; long texts belong into the sections.');
    }
    return text;
  }
}

/** The error for something in a task file, with the place in its message. */
export function taskError(code: string, place: Place, message: string, hint: string): UserError {
  return new UserError({ code, message: `${formatPlace(place)}: ${message}`, hint, place });
}

function describe(value: YamlValue): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  return typeof value === 'string' ? quote(value) : String(value);
}
