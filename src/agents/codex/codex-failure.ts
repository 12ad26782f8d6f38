import type { ProviderFailure } from '../../core/provider-failure.ts';
import type { Json } from '../../core/yard-event.ts';
import { asObject, at, listAt, numberAt, textAt } from '../program/json-line.ts';
import { statusFailure } from '../program/status-failure.ts';
import { REASON_MAX } from '../program/protocol.ts';

/** What codex calls the reasons of its provider; the words that are not here are about the request or the agent. */
const WORDS: { readonly [word: string]: ProviderFailure['type'] } = {
  usageLimitExceeded: 'quota',
  rateLimitExceeded: 'overload',
  flexUnavailable: 'overload',
  serverOverloaded: 'overload',
  policyCapacityUnavailable: 'overload',
  internalServerError: 'overload',
  modelNotFound: 'model',
  unauthorized: 'authentication',
};

/** The way to the provider broke: these have a status where there was an answer. */
const CONNECTIONS = [
  'httpConnectionFailed',
  'responseStreamConnectionFailed',
  'responseStreamDisconnected',
  'responseTooManyFailedAttempts',
] as const;

/**
 * The provider's part in an error of codex; null: it has none.
 * @param info `codexErrorInfo` of the error. @param resetMs when the windows that are used up open again, wall clock.
 */
export function codexFailure(info: Json | undefined, resetMs: number | null): ProviderFailure | null {
  if (typeof info === 'string') {
    const type = Object.hasOwn(WORDS, info) ? WORDS[info] : undefined;
    if (type === undefined) return null;
    return { type, status: null, resetMs: type === 'quota' ? resetMs : null, code: info };
  }
  const code = CONNECTIONS.find((name) => asObject(at(info, name)) !== null);
  if (code === undefined) return null;
  const status = numberAt(info, code, 'httpStatusCode');
  if (status === null) return { type: 'overload', status, resetMs: null, code, isUnanswered: true };
  return statusFailure({ status, resetMs: status === 429 ? resetMs : null, code });
}

/** When the account may go on, by a snapshot of its limits (`account/rateLimits/updated`); null: none of them is used up. */
export function resetOf(limits: Json | undefined): number | null {
  const resets = [at(limits, 'primary'), at(limits, 'secondary')]
    .filter((window) => (numberAt(window, 'usedPercent') ?? 0) >= 100)
    .map((window) => numberAt(window, 'resetsAt') ?? 0);
  const latestS = Math.max(0, ...resets);
  return latestS === 0 ? null : latestS * 1000;
}

/** What an answer to a call of codex says went wrong; null: nothing did. */
export function callError(message: Json): string | null {
  const error = asObject(at(message, 'error'));
  return error === null ? null : (textAt(error, 'message') ?? 'unknown').slice(0, REASON_MAX);
}

/** For a person to read; of bounded length. */
export function errorText(error: Json | undefined): string {
  const text = textAt(error, 'message') ?? 'unknown';
  return text.slice(0, REASON_MAX);
}

/** The texts of a list of parts. */
export function joined(value: Json | undefined, key: string): string {
  return listAt(value, key)
    .map((part) => (typeof part === 'string' ? part : (textAt(part, 'text') ?? '')))
    .filter((part) => part !== '')
    .join('\n');
}
