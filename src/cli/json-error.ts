import type { Place, UserError } from '../core/user-error.ts';

/** An error as `--json` tells it, on stdout; the sentence stands on stderr as always. */
export interface JsonError {
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly hint: string | null;
    readonly place?: Place;
  };
}

/** Whether results are wanted as JSON: then errors are, too. What comes after `--` is no option. */
export function wantsJson(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  return (end === -1 ? args : args.slice(0, end)).includes('--json');
}

export function jsonError({
  code,
  message,
  hint,
  place,
}: Pick<UserError, 'code' | 'message'> & Partial<Pick<UserError, 'hint' | 'place'>>): JsonError {
  return { error: { code, message, hint: hint ?? null, ...(place === undefined ? {} : { place }) } };
}

/** What the parser of arguments has to say: its first line is the sentence, what follows is advice. `see` is the command to ask. */
export function usageError(message: string, see: string): JsonError {
  const [first = '', ...rest] = message.split('\n').map((line) => line.trim());
  const advice = rest.filter((line) => line !== '').map((line) => line.replace(/^\((.*)\)$/, '$1'));
  return jsonError({
    code: 'usage',
    message: first.replace(/^error: /, ''),
    hint: [...advice, `See: ${see}`].join(' '),
  });
}
