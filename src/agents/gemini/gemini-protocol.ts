import type { Usage } from '../../core/usage.ts';
import { at, listAt, numberAt, parseLine, textAt } from '../program/json-line.ts';
import type { JsonObject } from '../program/json-line.ts';
import { REASON_MAX } from '../program/protocol.ts';
import type { Emit, Judgement, ProgramExit, ProgramIo, Protocol } from '../program/protocol.ts';
import { SpokenText } from '../program/spoken-text.ts';
import { statusFailure } from '../program/status-failure.ts';
import { resultSummary, toolSummary } from '../program/tool-summary.ts';

/*
 * One turn of Gemini CLI (`stream-json`). It exits 0 when it was told to end, too: only a `result` says that it came to its
 * end. What the service has answered is told by its exit code alone: the status of HTTP, as far as eight bits hold it.
 */

/** Its exit codes for what is wrong before a turn begins. */
const NO_LOGIN = 41;
const BAD_INPUT = 42;
const STATUS_MIN = 400;

export class GeminiProtocol implements Protocol {
  readonly #hasSession: boolean;
  #emit: Emit = () => undefined;
  #hasBegun = false;
  readonly #spoken = new SpokenText((text) => this.#emit({ kind: 'text', text }));
  #result: JsonObject | null = null;

  /** @param hasSession whether it goes on with one. */
  constructor(hasSession: boolean) {
    this.#hasSession = hasSession;
  }

  begin(_: ProgramIo, emit: Emit): void {
    this.#emit = emit;
  }

  stdout(line: string): void {
    const event = parseLine(line);
    if (event === null) return;
    const type = textAt(event, 'type');
    if (type === 'message') {
      // The other ones are ours.
      if (textAt(event, 'role') === 'assistant') this.#spoken.add(textAt(event, 'content') ?? '');
      return;
    }
    this.#spoken.end();
    if (type === 'init') this.#begun(event);
    if (type === 'tool_use') this.#called(event);
    if (type === 'tool_result') this.#returned(event);
    if (type === 'result') this.#ended(event);
    if (type === 'error') this.#emit({ kind: 'error', message: textAt(event, 'message') ?? '' });
  }

  judge({ code }: ProgramExit): Judgement {
    this.#spoken.end();
    const result = this.#result;
    if (code === NO_LOGIN) {
      const failure = { type: 'authentication', status: null, resetMs: null, code: 'not-logged-in' } as const;
      return { kind: 'provider', why: 'gemini is not logged in', failure };
    }
    if (this.#hasSession && !this.#hasBegun && code === BAD_INPUT) {
      return { kind: 'session-refused', why: 'gemini did not take up the session' };
    }
    if (result === null) return { kind: 'failed', why: 'gemini ended without a result' };
    if (textAt(result, 'status') === 'success') return { kind: 'ended', message: this.#spoken.last };
    const why = `gemini failed: ${(textAt(result, 'error', 'message') ?? 'unknown').slice(0, REASON_MAX)}`;
    const failure = statusFailure({ status: statusOf(code) });
    return failure === null ? { kind: 'failed', why } : { kind: 'provider', why, failure };
  }

  #begun(event: JsonObject): void {
    this.#hasBegun = true;
    const id = textAt(event, 'session_id');
    const model = textAt(event, 'model');
    if (id !== null) this.#emit({ kind: 'session', id, ...(model === null ? {} : { model }) });
  }

  #called(event: JsonObject): void {
    this.#spoken.forget();
    const parameters = at(event, 'parameters');
    const name = textAt(event, 'tool_name') ?? '';
    const entries = listAt(parameters, 'todos').map((todo) => textAt(todo, 'description') ?? '');
    if (name === 'write_todos' && entries.length > 0) this.#emit({ kind: 'plan', entries });
    else this.#emit({ kind: 'tool', id: textAt(event, 'tool_id') ?? '', name, summary: toolSummary(parameters) });
  }

  #returned(event: JsonObject): void {
    const ok = textAt(event, 'status') === 'success';
    const summary = textAt(event, 'error', 'message') ?? resultSummary(at(event, 'output'));
    this.#emit({ kind: 'tool-result', id: textAt(event, 'tool_id') ?? '', ok, summary });
  }

  #ended(result: JsonObject): void {
    this.#result = result;
    const usage = usageOf(result);
    // Of a turn that failed it tells nothing, which is not that nothing was used.
    if (usage !== null) this.#emit({ kind: 'usage', usage, totals: null });
  }
}

/** What it counts is of this process alone, in every turn of a session. */
function usageOf(result: JsonObject): Usage | null {
  const stats = at(result, 'stats');
  const [all, input] = [numberAt(stats, 'total_tokens') ?? 0, numberAt(stats, 'input_tokens') ?? 0];
  if (all === 0) return null;
  const cached = numberAt(stats, 'cached') ?? 0;
  return {
    inputTokens: Math.max(0, input - cached),
    cachedTokens: cached,
    cacheWriteTokens: 0,
    // What it has thought is in none but the total.
    outputTokens: Math.max(numberAt(stats, 'output_tokens') ?? 0, all - input),
    costUsd: null,
  };
}

function statusOf(code: number | null): number | null {
  const status = (code ?? 0) + 256;
  return status >= STATUS_MIN ? status : null;
}
