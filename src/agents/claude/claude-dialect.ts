import type { ProviderFailure } from '../../core/provider-failure.ts';
import type { Usage } from '../../core/usage.ts';
import { at, numberAt, textAt } from '../program/json-line.ts';
import type { JsonObject } from '../program/json-line.ts';
import type { Emit } from '../program/protocol.ts';
import { statusFailure } from '../program/status-failure.ts';
import type { Dialect, TurnUsage } from '../stream-json/dialect.ts';
import { claudeUsage } from './claude-usage.ts';

/** Its own words for why a request was refused, where they say more than the status does. */
const WORDS: { readonly [word: string]: ProviderFailure['type'] } = {
  authentication_failed: 'authentication',
  billing_error: 'entitlement',
  oauth_org_not_allowed: 'entitlement',
  model_not_found: 'model',
  overloaded: 'overload',
  server_error: 'overload',
};

/** A request that was refused for a reason of no kind of its own, or did not get through at all. */
function overload(status: number | null, code: string | null): ProviderFailure {
  const failure = { type: 'overload', status, resetMs: null, code } as const;
  return status === null ? { ...failure, isUnanswered: true } : failure;
}

/** What Claude Code says besides. It tells each refusal twice: while it tries again, and as a message of nobody's. */
export class ClaudeDialect implements Dialect {
  readonly name = 'claude';
  readonly steers = true;
  /** The word of the last refusal, with its status. */
  #refusal: { readonly word: string | null; readonly status: number | null } | null = null;
  /** The last request that it tried again had got no answer: in the end it does not say so once more. */
  #isUnanswered = false;
  /** When a limit that it has run into ends, wall clock. */
  #resetMs: number | null = null;

  hear(message: JsonObject, emit: Emit): boolean {
    switch (textAt(message, 'type')) {
      case 'system':
        return textAt(message, 'subtype') === 'api_retry' && this.#retries(message, emit);
      case 'rate_limit_event':
        return this.#limited(message, emit);
      case 'assistant': {
        const word = textAt(message, 'error');
        const isRefusal = at(message, 'is_api_error_message') === true || word !== null;
        if (!isRefusal) this.#isUnanswered = false;
        this.#refusal = isRefusal ? { word, status: numberAt(message, 'api_error_status') } : null;
        return isRefusal;
      }
      default:
        return false;
    }
  }

  usage(result: JsonObject, before: Usage): TurnUsage | null {
    return claudeUsage(result, before);
  }

  failure(result: JsonObject): ProviderFailure | null {
    const status = numberAt(result, 'api_error_status') ?? this.#refusal?.status ?? null;
    const isRefused = textAt(result, 'terminal_reason') === 'api_error' || status !== null;
    if (!isRefused) return null;
    const word = this.#refusal?.word ?? null;
    return this.#failureOf(status, word) ?? (status === null && this.#isUnanswered ? overload(null, word) : null);
  }

  message(result: JsonObject): string | null {
    const structured = at(result, 'structured_output') ?? null;
    return structured === null ? textAt(result, 'result') : JSON.stringify(structured);
  }

  #retries(message: JsonObject, emit: Emit): true {
    const [status, word] = [numberAt(message, 'error_status'), textAt(message, 'error')];
    const failure = this.#failureOf(status, word) ?? overload(status, word);
    this.#isUnanswered = failure.isUnanswered === true;
    emit({ kind: 'rate-limit', failure, delayMs: numberAt(message, 'retry_delay_ms') });
    return true;
  }

  #limited(message: JsonObject, emit: Emit): true {
    if (textAt(message, 'rate_limit_info', 'status') !== 'rejected') return true;
    const resetS = numberAt(message, 'rate_limit_info', 'resetsAt');
    this.#resetMs = resetS === null ? null : resetS * 1000;
    const code = textAt(message, 'rate_limit_info', 'rateLimitType');
    emit({
      kind: 'rate-limit',
      failure: { type: 'quota', status: 429, resetMs: this.#resetMs, code },
      delayMs: null,
    });
    return true;
  }

  #failureOf(status: number | null, word: string | null): ProviderFailure | null {
    const isQuota = word === 'rate_limit' || status === 429;
    if (isQuota && this.#resetMs !== null) return { type: 'quota', status, resetMs: this.#resetMs, code: word };
    const type = word !== null && Object.hasOwn(WORDS, word) ? WORDS[word] : undefined;
    if (type !== undefined) return { type, status, resetMs: null, code: word };
    return statusFailure({ status, code: word });
  }
}
