import { inert, inertLine } from './inert.ts';
import type { Json } from './yard-event.ts';

/*
 * Objects that an agent fills in: one table says what fields there are, and both the JSON Schema that the agent is shown
 * and the check of what it sends are made from it. What comes out of the check is inert text.
 */

export type Field = { readonly description: string; readonly required?: true } & FieldShape;

type FieldShape =
  /** A text without line ends. */
  | { readonly kind: 'line'; readonly maxChars: number }
  | { readonly kind: 'text'; readonly maxChars: number }
  | { readonly kind: 'list'; readonly maxItems: number; readonly maxChars: number }
  | { readonly kind: 'choice'; readonly choices: readonly string[] }
  | { readonly kind: 'integer' };

export type Fields = Readonly<Record<string, Field>>;

/** As protocols and programs take it. */
export type JsonSchema = { readonly [key: string]: Json };

/** What was given; blank texts and empty values count as left out. */
export interface Given {
  text(key: string): string | null;
  list(key: string): readonly string[];
}

/** `why` completes the sentence "It is not taken: …". */
export type FieldsResult =
  | { readonly kind: 'ok'; readonly given: Given }
  | { readonly kind: 'bad'; readonly why: string };

/**
 * JSON Schema, draft 7. `strict`: as providers want it that generate by a schema; there every field must be given, and
 * those that may be left out can be null.
 */
export function schemaOf(fields: Fields, { strict = false }: { readonly strict?: boolean } = {}): JsonSchema {
  const entries = Object.entries(fields);
  return {
    type: 'object',
    properties: Object.fromEntries(
      entries.map(([key, field]) => [key, fieldSchema(field, strict && field.required !== true)]),
    ),
    required: entries.filter(([, { required }]) => strict || required === true).map(([key]) => key),
    additionalProperties: false,
  };
}

function fieldSchema(field: Field, nullable: boolean): Json {
  const { description } = field;
  const type = (name: string): Json => (nullable ? [name, 'null'] : name);
  switch (field.kind) {
    case 'list':
      return { type: type('array'), items: { type: 'string' }, description };
    case 'choice':
      return { type: type('string'), enum: nullable ? [...field.choices, null] : field.choices, description };
    case 'integer':
      return { type: type('integer'), description };
    default:
      return { type: type('string'), description };
  }
}

/** Checks an object against the table: no other keys, no other types, nothing too long, all that is required. */
export function checkFields(value: { readonly [key: string]: Json }, fields: Fields): FieldsResult {
  const texts = new Map<string, string>();
  const lists = new Map<string, readonly string[]>();
  const unknown = Object.keys(value).find((key) => !Object.hasOwn(fields, key));
  if (unknown !== undefined) {
    return bad(`there is no ${JSON.stringify(inertLine(unknown, 50))}; there are ${Object.keys(fields).join(', ')}`);
  }
  for (const [key, field] of Object.entries(fields)) {
    const found = value[key] ?? null;
    const problem = found === null ? null : problemOf(found, field);
    if (problem !== null) return bad(`${key} ${problem}`);
    if (typeof found === 'string') texts.set(key, clean(found, field));
    if (Array.isArray(found))
      lists.set(
        key,
        (found as readonly string[]).map((entry) => inert(entry)),
      );
    const isGiven = typeof found === 'number' || (texts.get(key) ?? '') !== '' || (lists.get(key) ?? []).length > 0;
    if (field.required === true && !isGiven) return bad(`${key} is missing`);
  }
  return {
    kind: 'ok',
    given: { text: (key) => texts.get(key) || null, list: (key) => lists.get(key) ?? [] },
  };
}

/** Completes the sentence "the field …"; null: nothing is wrong. */
function problemOf(value: Json, field: Field): string | null {
  switch (field.kind) {
    case 'line':
    case 'text':
      if (typeof value !== 'string') return 'is not a text';
      return value.length > field.maxChars ? `is longer than ${field.maxChars} characters` : null;
    case 'list': {
      if (!isTexts(value)) return 'is not a list of texts';
      if (value.length > field.maxItems) return `has more than ${field.maxItems} entries`;
      const isLong = value.some(({ length }) => length > field.maxChars);
      return isLong ? `has an entry that is longer than ${field.maxChars} characters` : null;
    }
    case 'choice':
      return typeof value === 'string' && field.choices.includes(value) ? null : `is not ${field.choices.join(' or ')}`;
    default:
      return Number.isSafeInteger(value) ? null : 'is not a whole number';
  }
}

function isTexts(value: Json): value is readonly string[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string');
}

function clean(text: string, field: Field): string {
  // What stands for an invisible character is longer than it was.
  return field.kind === 'line' ? inertLine(text, field.maxChars) : inert(text).trim();
}

function bad(why: string): FieldsResult {
  return { kind: 'bad', why };
}
