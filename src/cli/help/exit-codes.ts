import { EXIT } from '../context.ts';
import { definitionLines } from './definitions.ts';
import type { Definition } from './definitions.ts';

const MEANINGS: { readonly [K in keyof typeof EXIT]: string } = {
  ok: 'Done. For `run`: all tasks have landed, or were cancelled; or another run is at work on them.',
  failed: 'Failed, or interrupted with Ctrl-C.',
  usage: 'Wrong usage, or input that a person must mend. Nothing was changed.',
  personNeeded: 'It has come to an end, and tasks need a person.',
  limit: 'Stopped by a limit: `yard stop`, too many failures in a row, the time limit.',
  bug: 'A bug in Yardmaster. The stack is on stderr; please report it.',
};

/** Each exit code and what it means; backticks around what is typed. */
export function exitCodes(): readonly Definition[] {
  const names = Object.keys(EXIT) as (keyof typeof EXIT)[];
  return names.map((name) => [String(EXIT[name]), MEANINGS[name]]);
}

/** `yard help exit-codes`. */
export function exitCodeLines(width: number): string[] {
  const definitions = exitCodes().map(([code, meaning]): Definition => [code, meaning.replaceAll('`', '')]);
  return ['Exit codes:', ...definitionLines(definitions, width)];
}
