import { checkFields, schemaOf } from './checked-fields.ts';
import type { Fields, JsonSchema } from './checked-fields.ts';
import { foreignKey } from './packet.ts';
import type { Binding } from './packet.ts';
import type { TerminalSignal } from './terminal-signal.ts';
import { FINISH_STATUSES, PACKET_FIELDS } from './tool-definitions.ts';
import type { Json } from './yard-event.ts';

/*
 * How an agent without tools ends its work: its final message, or the last fenced block of JSON in it, is one object of
 * this shape. Task and attempt must be named, so that JSON that merely occurs in a message is no signal.
 */

const FIELDS = {
  task: { kind: 'line', maxChars: 100, required: true, description: 'The id of your task.' },
  attempt: { kind: 'integer', required: true, description: 'The number of your attempt.' },
  status: {
    kind: 'choice',
    choices: FINISH_STATUSES,
    required: true,
    description: 'done; blocked: only a person can help; cannot: it cannot be done at all.',
  },
  ...PACKET_FIELDS,
  summary: {
    ...optional(PACKET_FIELDS.summary),
    description: 'For done: what you changed and why, in a few sentences.',
  },
  reason: {
    kind: 'text',
    maxChars: 20_000,
    description: 'For blocked: the one question that a person is to answer. For cannot: why.',
  },
} as const satisfies Fields;

/** Not in the schema: nobody need give it. */
const TOKEN = { token: { kind: 'integer', description: '' } } as const satisfies Fields;

/** For programs that have their model's last message checked against a schema; every field must be given, or null. */
export const FINAL_MESSAGE_SCHEMA: JsonSchema = schemaOf(FIELDS, { strict: true });

export type FinalMessage =
  | { readonly kind: 'signal'; readonly signal: TerminalSignal }
  /** There is an object, and it is not one that is taken. */
  | { readonly kind: 'malformed'; readonly why: string }
  /** Nothing but words. */
  | { readonly kind: 'none' };

const MESSAGE_CHARS_MAX = 1024 * 1024;

export function parseFinalMessage(text: string, binding: Binding): FinalMessage {
  if (text.length > MESSAGE_CHARS_MAX) return malformed('it is longer than 1 MiB');
  const object = objectIn(text.trim()) ?? objectIn(lastBlock(text) ?? '');
  if (object === null) return { kind: 'none' };
  const foreign = foreignKey(object, binding);
  if (foreign !== null) return malformed(`its ${foreign} is not that of this attempt`);
  const result = checkFields(object, { ...FIELDS, ...TOKEN });
  if (result.kind === 'bad') return malformed(result.why);
  const { given } = result;
  if (given.text('status') === 'done') {
    const summary = given.text('summary');
    if (summary === null) return malformed('summary is missing');
    const [tests, commands, blockers] = [given.list('tests'), given.list('commands'), given.list('blockers')];
    return {
      kind: 'signal',
      signal: { kind: 'done', packet: { source: 'agent', summary, tests, commands, blockers } },
    };
  }
  const reason = given.text('reason');
  if (reason === null) return malformed('reason is missing');
  const isQuestion = given.text('status') === 'blocked';
  return { kind: 'signal', signal: isQuestion ? { kind: 'question', text: reason } : { kind: 'cannot', why: reason } };
}

function objectIn(text: string): { readonly [key: string]: Json } | null {
  if (!text.startsWith('{')) return null;
  try {
    return JSON.parse(text) as { readonly [key: string]: Json };
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** What stands in the last block that is fenced as JSON. */
function lastBlock(text: string): string | null {
  const lines = text.split(/\r\n|\r|\n/);
  const close = lines.findLastIndex((line) => /^ {0,3}`{3,}\s*$/.test(line));
  const open = lines.slice(0, Math.max(close, 0)).findLastIndex((line) => /^ {0,3}`{3,}\s*json\s*$/i.test(line));
  if (open === -1) return null;
  const block = lines.slice(open + 1, close);
  // Between them another block has begun and ended: this one is not JSON, or not the last.
  return block.some((line) => /^ {0,3}`{3}/.test(line)) ? null : block.join('\n').trim();
}

function optional<F extends { readonly required?: true }>({ required: _, ...field }: F): Omit<F, 'required'> {
  return field;
}

function malformed(why: string): FinalMessage {
  return { kind: 'malformed', why };
}
