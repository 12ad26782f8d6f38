import type { ProviderFailure } from '../../core/provider-failure.ts';
import { NO_USAGE } from '../../core/usage.ts';
import type { Json } from '../../core/yard-event.ts';
import type { Turn } from '../agent.ts';
import { at, listAt, numberAt, parseLine, textAt } from '../program/json-line.ts';
import type { JsonObject } from '../program/json-line.ts';
import { REASON_MAX } from '../program/protocol.ts';
import type { Emit, Judgement, ProgramExit, ProgramIo, Protocol } from '../program/protocol.ts';
import { statusFailure } from '../program/status-failure.ts';
import { resultSummary, toolSummary } from '../program/tool-summary.ts';
import { claudeUsage } from './claude-usage.ts';

/*
 * One turn of Claude Code (`stream-json` in and out). What became of it is in its `result`, and there in `is_error`: the
 * `subtype` of a refused request is `success`. Its exit code after SIGINT is 0, so that it proves nothing.
 */

/** What is written as it starts. */
export function openingOf(prompt: string): string {
  const hello = { type: 'control_request', request_id: 'begin', request: { subtype: 'initialize' } };
  // A word after a slash at the beginning would be a command to the program itself.
  const text = prompt.startsWith('/') ? `\n${prompt}` : prompt;
  const said = { type: 'user', message: { role: 'user', content: [{ type: 'text', text }] } };
  return `${JSON.stringify(hello)}\n${JSON.stringify(said)}\n`;
}

/** Its own words for why a request was refused, where they say more than the status does. */
const WORDS: { readonly [word: string]: ProviderFailure['type'] } = {
  authentication_failed: 'authentication',
  billing_error: 'entitlement',
  oauth_org_not_allowed: 'entitlement',
  model_not_found: 'entitlement',
  overloaded: 'overload',
  server_error: 'overload',
};

export class ClaudeProtocol implements Protocol {
  readonly #session: Turn['session'];
  #io: ProgramIo | null = null;
  #emit: Emit = () => undefined;
  #hasBegun = false;
  /** The word of the last refusal, with its status. */
  #refusal: { readonly word: string | null; readonly status: number | null } | null = null;
  /** When a limit that it has run into ends, wall clock. */
  #resetMs: number | null = null;
  #result: JsonObject | null = null;

  constructor(session: Turn['session']) {
    this.#session = session;
  }

  begin(io: ProgramIo, emit: Emit): void {
    this.#io = io;
    this.#emit = emit;
  }

  stdout(line: string): void {
    const message = parseLine(line);
    switch (textAt(message ?? undefined, 'type')) {
      case 'system':
        return this.#system(message as JsonObject);
      case 'assistant':
        return this.#assistant(message as JsonObject);
      case 'user':
        return this.#user(message as JsonObject);
      case 'rate_limit_event':
        return this.#limited(message as JsonObject);
      case 'control_request':
        return this.#asked(message as JsonObject);
      case 'result':
        return this.#ended(message as JsonObject);
      default:
        return undefined;
    }
  }

  interrupt(): boolean {
    this.#io?.write(
      JSON.stringify({ type: 'control_request', request_id: 'interrupt', request: { subtype: 'interrupt' } }),
    );
    return true;
  }

  judge({ code }: ProgramExit): Judgement {
    const result = this.#result;
    // Whatever kept it from beginning, a session of its own may do without.
    if (this.#session !== null && !this.#hasBegun && code !== 0) {
      return { kind: 'session-refused', why: `claude did not take up the session: ${reasonOf(result)}` };
    }
    if (result === null) return { kind: 'failed', why: 'claude ended without a result' };
    if (at(result, 'is_error') === true) return this.#failed(result);
    const structured = at(result, 'structured_output') ?? null;
    return { kind: 'ended', message: structured === null ? textAt(result, 'result') : JSON.stringify(structured) };
  }

  #system(message: JsonObject): void {
    switch (textAt(message, 'subtype')) {
      case 'init': {
        this.#hasBegun = true;
        const id = textAt(message, 'session_id');
        if (id !== null) this.#emit({ kind: 'session', id });
        break;
      }
      case 'api_retry': {
        const [status, word] = [numberAt(message, 'error_status'), textAt(message, 'error')];
        const failure = this.#failureOf(status, word) ?? { ...OVERLOAD, status, code: word };
        this.#emit({ kind: 'rate-limit', failure, delayMs: numberAt(message, 'retry_delay_ms') });
        break;
      }
      default:
        break;
    }
  }

  #assistant(message: JsonObject): void {
    if (at(message, 'is_api_error_message') === true || textAt(message, 'error') !== null) {
      this.#refusal = { word: textAt(message, 'error'), status: numberAt(message, 'api_error_status') };
      return;
    }
    this.#refusal = null;
    // What an agent that it has started says is said to it.
    const isOwn = textAt(message, 'parent_tool_use_id') === null;
    for (const block of listAt(message, 'message', 'content')) {
      const [type, text] = [textAt(block, 'type'), textAt(block, 'text')];
      if (type === 'text' && text !== null && isOwn) this.#emit({ kind: 'text', text });
      if (type === 'thinking' && isOwn) this.#emit({ kind: 'thinking', text: textAt(block, 'thinking') ?? '' });
      if (type === 'tool_use') this.#called(block);
    }
  }

  #called(block: Json): void {
    const [id, name, input] = [textAt(block, 'id') ?? '', textAt(block, 'name') ?? '', at(block, 'input')];
    const entries = listAt(input, 'todos').map((todo) => textAt(todo, 'content') ?? '');
    if (name === 'TodoWrite' && entries.length > 0) this.#emit({ kind: 'plan', entries });
    else this.#emit({ kind: 'tool', id, name, summary: toolSummary(input) });
  }

  #user(message: JsonObject): void {
    for (const block of listAt(message, 'message', 'content')) {
      if (textAt(block, 'type') !== 'tool_result') continue;
      const [id, ok] = [textAt(block, 'tool_use_id') ?? '', at(block, 'is_error') !== true];
      this.#emit({ kind: 'tool-result', id, ok, summary: resultSummary(at(block, 'content')) });
    }
  }

  #limited(message: JsonObject): void {
    if (textAt(message, 'rate_limit_info', 'status') !== 'rejected') return;
    const resetS = numberAt(message, 'rate_limit_info', 'resetsAt');
    this.#resetMs = resetS === null ? null : resetS * 1000;
    const code = textAt(message, 'rate_limit_info', 'rateLimitType');
    const failure: ProviderFailure = { type: 'quota', status: 429, resetMs: this.#resetMs, code };
    this.#emit({ kind: 'rate-limit', failure, delayMs: null });
  }

  /** It waits for an answer to all that it asks. */
  #asked(message: JsonObject): void {
    const requestId = textAt(message, 'request_id') ?? '';
    const response =
      textAt(message, 'request', 'subtype') === 'can_use_tool'
        ? {
            subtype: 'success',
            request_id: requestId,
            response: { behavior: 'allow', updatedInput: at(message, 'request', 'input') ?? {} },
          }
        : { subtype: 'error', request_id: requestId, error: 'nobody is here to answer' };
    this.#io?.write(JSON.stringify({ type: 'control_response', response }));
  }

  #ended(result: JsonObject): void {
    // A task that it had left in the background may begin another turn: this one is over.
    if (this.#result !== null) return;
    this.#result = result;
    const { usage, totals } = claudeUsage(result, this.#session?.totals ?? NO_USAGE);
    this.#emit({ kind: 'usage', usage, totals });
    this.#io?.finish();
  }

  #failed(result: JsonObject): Judgement {
    const why = `claude failed: ${reasonOf(result)}`;
    const status = numberAt(result, 'api_error_status') ?? this.#refusal?.status ?? null;
    const isRefused = textAt(result, 'terminal_reason') === 'api_error' || status !== null;
    if (!isRefused) return { kind: 'failed', why };
    const failure = this.#failureOf(status, this.#refusal?.word ?? null);
    return failure === null ? { kind: 'failed', why } : { kind: 'provider', why, failure };
  }

  #failureOf(status: number | null, word: string | null): ProviderFailure | null {
    const isQuota = word === 'rate_limit' || status === 429;
    if (isQuota && this.#resetMs !== null) return { type: 'quota', status, resetMs: this.#resetMs, code: word };
    const type = word === null ? undefined : Object.hasOwn(WORDS, word) ? WORDS[word] : undefined;
    if (type !== undefined) return { type, status, resetMs: null, code: word };
    return statusFailure({ status, code: word });
  }
}

/** A request that did not get through at all. */
const OVERLOAD = { type: 'overload', resetMs: null } as const;

function reasonOf(result: JsonObject | null): string {
  if (result === null) return 'it ended without a result';
  const [error] = listAt(result, 'errors');
  const text = typeof error === 'string' ? error : textAt(result, 'result');
  return (text ?? textAt(result, 'terminal_reason') ?? textAt(result, 'subtype') ?? 'unknown').slice(0, REASON_MAX);
}
