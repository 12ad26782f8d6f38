import { foreignKey } from '../core/packet.ts';
import type { Binding, Packet } from '../core/packet.ts';
import type { Json } from '../core/yard-event.ts';

export type ResultFile =
  | { readonly kind: 'packet'; readonly packet: Packet }
  | { readonly kind: 'question'; readonly text: string }
  | { readonly kind: 'malformed'; readonly why: string };

export const RESULT_BYTES_MAX = 1024 * 1024;
const TEXT_MAX = 20_000;
const LIST_MAX = 500;

export const HOST_PACKET: Packet = { source: 'host', summary: '', tests: [], commands: [], blockers: [] };

/**
 * Reads what an agent wrote to `YARD_RESULT`: `{question}` or a packet. A packet that names another task, attempt or
 * token than the one it was asked for is not taken.
 */
export function parseResult(data: Buffer, binding: Binding): ResultFile {
  let value: Json;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(data)) as Json;
  } catch (error) {
    // Whatever is wrong with the text is the agent's to mend; the reason goes into its next prompt.
    return malformed(`it is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return malformed('it is not an object');
  const fields = value as { readonly [key: string]: Json };
  const foreign = foreignKey(fields, binding);
  if (foreign !== null) return malformed(`its ${foreign} is not that of this attempt`);
  const question = fields['question'];
  if (question !== undefined) {
    if (typeof question !== 'string' || question.trim() === '') return malformed('question is not a text');
    return { kind: 'question', text: question.slice(0, TEXT_MAX) };
  }
  const summary = fields['summary'];
  if (typeof summary !== 'string' || summary.trim() === '') return malformed('summary is missing');
  const lists: string[][] = [];
  for (const key of ['tests', 'commands', 'blockers']) {
    const list = fields[key] ?? [];
    if (!Array.isArray(list) || !list.every((entry) => typeof entry === 'string')) {
      return malformed(`${key} is not a list of texts`);
    }
    lists.push(list.slice(0, LIST_MAX).map((entry) => entry.slice(0, TEXT_MAX)));
  }
  const [tests = [], commands = [], blockers = []] = lists;
  return {
    kind: 'packet',
    packet: { source: 'agent', summary: summary.slice(0, TEXT_MAX), tests, commands, blockers },
  };
}

function malformed(why: string): ResultFile {
  return { kind: 'malformed', why };
}
