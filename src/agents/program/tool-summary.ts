import type { Json } from '../../core/yard-event.ts';
import { textAt } from './json-line.ts';

/** What says most of a call, by the names that programs use. */
const TELLING = [
  'command',
  'cmd',
  'file_path',
  'filePath',
  'absolute_path',
  'path',
  'pattern',
  'query',
  'url',
] as const;
/** It is cut again when no secret is left in it, of which half might stay otherwise. */
const SUMMARY_MAX = 20_000;

/** A line on what a tool is called with. */
export function toolSummary(input: Json | undefined): string {
  for (const key of TELLING) {
    const text = textAt(input, key);
    if (text !== null && text !== '') return text.slice(0, SUMMARY_MAX);
  }
  return input === undefined ? '' : JSON.stringify(input).slice(0, SUMMARY_MAX);
}

/** The text of a result: a text, or a list of parts of which some are text. */
export function resultSummary(content: Json | undefined): string {
  if (typeof content === 'string') return content.slice(0, SUMMARY_MAX);
  if (!Array.isArray(content)) return '';
  return (content as readonly Json[])
    .map((part) => textAt(part, 'text') ?? '')
    .join('\n')
    .slice(0, SUMMARY_MAX);
}
