import type { ProviderFailure } from '../../core/provider-failure.ts';
import type { Usage } from '../../core/usage.ts';
import type { Json } from '../../core/yard-event.ts';
import type { Turn } from '../agent.ts';
import { at, numberAt, parseLine, textAt } from '../program/json-line.ts';
import { REASON_MAX } from '../program/protocol.ts';
import type { Emit, Judgement, ProgramExit, ProgramIo, Protocol } from '../program/protocol.ts';
import { statusFailure } from '../program/status-failure.ts';
import { resultSummary, toolSummary } from '../program/tool-summary.ts';

/*
 * One turn of `opencode run --format json`. There is no final event: the turn ended in order when the last step did, the
 * exit code is 0, and no error was told. What it used is told step by step. It tries refused requests again for a good
 * minute, and says nothing meanwhile.
 */
export class OpencodeProtocol implements Protocol {
  readonly #session: Turn['session'];
  #emit: Emit = () => undefined;
  #sessionId: string | null = null;
  #message: string | null = null;
  /** Why the last step ended; null: none did. */
  #reason: string | null = null;
  #error: Json | null = null;

  constructor(session: Turn['session']) {
    this.#session = session;
  }

  begin(_io: ProgramIo, emit: Emit): void {
    this.#emit = emit;
  }

  stdout(line: string): void {
    const event = parseLine(line) ?? undefined;
    const part = at(event, 'part');
    this.#named(textAt(event, 'sessionID'));
    switch (textAt(event, 'type')) {
      case 'text':
        return this.#said(textAt(part, 'text') ?? '');
      case 'reasoning':
        return this.#emit({ kind: 'thinking', text: textAt(part, 'text') ?? '' });
      case 'tool_use':
        return this.#called(part);
      case 'step_finish':
        this.#reason = textAt(part, 'reason') ?? '';
        return this.#emit({ kind: 'usage', usage: usageOf(part), totals: null });
      case 'error':
        this.#error = at(event, 'error') ?? null;
        return this.#emit({ kind: 'error', message: errorText(this.#error ?? undefined) });
      default:
        return undefined;
    }
  }

  judge({ code }: ProgramExit): Judgement {
    if (this.#error !== null) return this.#failed(this.#error);
    if (this.#session !== null && this.#sessionId === null && code !== 0) {
      return { kind: 'session-refused', why: 'opencode did not take up the session' };
    }
    if (code !== 0 || this.#reason === null) {
      return { kind: 'failed', why: `opencode ended in its turn (exit code ${code ?? 'none'})` };
    }
    return { kind: 'ended', message: this.#message };
  }

  #named(id: string | null): void {
    if (id === null || this.#sessionId !== null) return;
    this.#sessionId = id;
    this.#emit({ kind: 'session', id });
  }

  #said(text: string): void {
    this.#message = text;
    this.#emit({ kind: 'text', text });
  }

  /** It tells of a call when that is done. */
  #called(part: Json | undefined): void {
    const [id, name, state] = [textAt(part, 'callID') ?? '', textAt(part, 'tool') ?? '', at(part, 'state')];
    this.#emit({ kind: 'tool', id, name, summary: toolSummary(at(state, 'input')) });
    const exit = numberAt(state, 'metadata', 'exit') ?? 0;
    const ok = textAt(state, 'status') === 'completed' && exit === 0;
    const summary = resultSummary(at(state, 'output') ?? at(state, 'error'));
    this.#emit({ kind: 'tool-result', id, ok, summary });
  }

  #failed(error: Json): Judgement {
    const why = `opencode failed: ${errorText(error)}`;
    const failure = failureOf(error);
    return failure === null ? { kind: 'failed', why } : { kind: 'provider', why, failure };
  }
}

function failureOf(error: Json): ProviderFailure | null {
  const [code, data] = [textAt(error, 'name'), at(error, 'data')];
  if (code === 'ProviderAuthError') return { type: 'authentication', status: null, resetMs: null, code };
  if (code !== 'APIError') return null;
  const status = numberAt(data, 'statusCode');
  if (status !== null) return statusFailure({ status, resetMs: status === 429 ? resetOf(data) : null, code });
  // It did not get through.
  if (at(data, 'isRetryable') !== true) return null;
  return { type: 'overload', status, resetMs: null, code, isUnanswered: true };
}

/** By the provider's own clock: when it may be asked again. */
function resetOf(data: Json | undefined): number | null {
  const headers = at(data, 'responseHeaders');
  const waitS = Number(textAt(headers, 'retry-after') ?? Number.NaN);
  const sentMs = Date.parse(textAt(headers, 'date') ?? '');
  return Number.isFinite(waitS + sentMs) ? sentMs + waitS * 1000 : null;
}

function errorText(error: Json | undefined): string {
  const text = textAt(error, 'data', 'message') ?? textAt(error, 'message') ?? textAt(error, 'name') ?? 'unknown';
  return text.slice(0, REASON_MAX);
}

function usageOf(part: Json | undefined): Usage {
  const tokens = at(part, 'tokens');
  const inputTokens = numberAt(tokens, 'input') ?? 0;
  const cachedTokens = numberAt(tokens, 'cache', 'read') ?? 0;
  const cacheWriteTokens = numberAt(tokens, 'cache', 'write') ?? 0;
  // Whether what was thought counts as output differs with versions; the total has it in any case.
  const rest = (numberAt(tokens, 'total') ?? 0) - inputTokens - cachedTokens - cacheWriteTokens;
  const outputTokens = Math.max(rest, numberAt(tokens, 'output') ?? 0);
  // A model whose price it does not know costs nothing with it.
  return { inputTokens, cachedTokens, cacheWriteTokens, outputTokens, costUsd: numberAt(part, 'cost') || null };
}
