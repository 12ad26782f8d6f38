import type { Answer, Conversation } from './conversation.ts';

/** How one kind of model service talks. All of it is translation: no state, no effects. */
export interface Protocol {
  readonly read: (body: Json, path: string) => Conversation;
  readonly wantsStream: (body: Json, path: string) => boolean;
  /** The answer, piece by piece. */
  readonly frames: (answer: Answer, model: string) => Iterable<Frame>;
  /** The answer in one. */
  readonly whole: (answer: Answer, model: string) => unknown;
  readonly errorBody: (status: number) => unknown;
}

/** A server-sent event. */
export interface Frame {
  readonly event?: string;
  /** Text goes as it is, all else as JSON. */
  readonly data: unknown;
}

export type Json = Readonly<Record<string, unknown>>;

/** When everything was made: nobody looks at it, but the field has to be there. */
export const CREATED_S = 1_700_000_000;

/** Large enough that a large answer is not many pieces, small enough that a short one may be two. */
const PIECE = 64 * 1024;

export function* pieces(text: string): Iterable<string> {
  for (let from = 0; from < text.length; from += PIECE) yield text.slice(from, from + PIECE);
}

export function object(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

/** The objects of a list; nothing where there is no list. */
export function objects(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value.map(object) : [];
}

export function string(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** The text in a content that is a string or a list of parts with `text`. */
export function texts(content: unknown): readonly string[] {
  if (typeof content === 'string') return [content];
  return objects(content).flatMap((part) => (typeof part['text'] === 'string' ? [part['text']] : []));
}

/** What a JSON Schema of arguments says about them. */
export function argumentsOf(schema: unknown): { properties: Json; required: readonly string[] } {
  const { properties, required } = object(schema);
  return { properties: object(properties), required: Array.isArray(required) ? required.map(string) : [] };
}
