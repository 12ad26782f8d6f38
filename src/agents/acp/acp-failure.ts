import type { ProviderFailure } from '../../core/provider-failure.ts';
import type { Json } from '../../core/yard-event.ts';
import { numberAt, textAt } from '../program/json-line.ts';
import { REASON_MAX } from '../program/protocol.ts';
import type { Judgement } from '../program/protocol.ts';

/** What an agent answers a request with that it does not carry out. */
export interface AcpError {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
}

/** Of the protocol: nobody is logged in. */
const AUTHENTICATION_REQUIRED = -32000;

/** What claude's adapter and opencode call the failures of their providers. Opencode says no more than that it was one. */
const KINDS: Readonly<Record<string, ProviderFailure['type']>> = {
  rate_limit: 'overload',
  overloaded: 'overload',
  server_error: 'overload',
  authentication_failed: 'authentication',
  billing_error: 'entitlement',
  model_not_found: 'model',
  APIError: 'overload',
  ProviderAuthError: 'authentication',
};

/** What the refusal of a request means; text of it is shown, and decides nothing. */
export function judgeError(error: AcpError): Extract<Judgement, { kind: 'failed' | 'provider' }> {
  const failure = failureOf(error);
  const why = `the agent reports: ${error.message.slice(0, REASON_MAX)}`;
  return failure === null ? { kind: 'failed', why } : { kind: 'provider', why, failure };
}

function failureOf(error: AcpError): ProviderFailure | null {
  const data = error.data as Json | undefined;
  const kind = textAt(data, 'errorKind') ?? textAt(data, 'errorName');
  // Gemini answers with the status of HTTP in the place of the code.
  const status = httpStatus(error.code) ?? httpStatus(numberAt(data, 'status'));
  const type =
    error.code === AUTHENTICATION_REQUIRED
      ? 'authentication'
      : ((kind !== null && Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined) ??
        (status === null ? undefined : typeOf(status)));
  return type === undefined ? null : { type, status, resetMs: null, code: kind };
}

function httpStatus(code: number | null): number | null {
  return code !== null && code >= 400 && code < 600 ? code : null;
}

function typeOf(status: number): ProviderFailure['type'] | undefined {
  if (status === 401) return 'authentication';
  if (status === 402 || status === 403) return 'entitlement';
  if (status === 404) return 'model';
  return status === 429 || status >= 500 ? 'overload' : undefined;
}
