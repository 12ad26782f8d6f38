import type { ProviderFailure } from '../../core/provider-failure.ts';
import type { Usage } from '../../core/usage.ts';
import type { Json } from '../../core/yard-event.ts';
import type { Turn } from '../agent.ts';
import { at, listAt, numberAt, parseLine, textAt } from '../program/json-line.ts';
import { REASON_MAX } from '../program/protocol.ts';
import type { Emit, Judgement, ProgramExit, ProgramIo, Protocol } from '../program/protocol.ts';
import { statusFailure } from '../program/status-failure.ts';
import { resultSummary, toolSummary } from '../program/tool-summary.ts';

/*
 * One turn of `pi --mode rpc`. What became of it is in the last message of the model, and there in `stopReason`: the exit
 * code is 0 after a refused request, too. After `agent_end` it may try again, which it says before it answers anything
 * else: so it is asked for its state, and the answer tells that it is over.
 */
export class PiProtocol implements Protocol {
  readonly #turn: Pick<Turn, 'prompt' | 'session'>;
  #io: ProgramIo | null = null;
  #emit: Emit = () => undefined;
  /** The last message of the model. */
  #last: Json | null = null;
  #isRetrying = false;
  #isOver = false;
  /** What it did not do that it was called for. */
  #refused: string | null = null;

  constructor(turn: Pick<Turn, 'prompt' | 'session'>) {
    this.#turn = turn;
  }

  begin(io: ProgramIo, emit: Emit): void {
    this.#io = io;
    this.#emit = emit;
    this.#call('begin', 'get_state');
    this.#call('prompt', 'prompt', { message: this.#turn.prompt });
  }

  stdout(line: string): void {
    const event = parseLine(line) ?? undefined;
    switch (textAt(event, 'type')) {
      case 'response':
        return this.#answered(event);
      case 'message_end':
        return this.#said(at(event, 'message'));
      case 'tool_execution_start': {
        const [id, name] = [textAt(event, 'toolCallId') ?? '', textAt(event, 'toolName') ?? ''];
        return this.#emit({ kind: 'tool', id, name, summary: toolSummary(at(event, 'args')) });
      }
      case 'tool_execution_end': {
        const [id, ok] = [textAt(event, 'toolCallId') ?? '', at(event, 'isError') !== true];
        return this.#emit({ kind: 'tool-result', id, ok, summary: resultSummary(at(event, 'result', 'content')) });
      }
      case 'auto_retry_start':
        return this.#retries(event);
      case 'auto_retry_end':
        this.#isRetrying = false;
        return undefined;
      case 'agent_end':
        return this.#call('end', 'get_state');
      default:
        return undefined;
    }
  }

  interrupt(): boolean {
    this.#call('abort', 'abort');
    return true;
  }

  steer(text: string): boolean {
    if (this.#last === null || this.#isOver) return false;
    this.#call('steer', 'steer', { message: text });
    return true;
  }

  judge({ code }: ProgramExit): Judgement {
    if (this.#turn.session !== null && this.#last === null && code !== 0) {
      return { kind: 'session-refused', why: 'pi did not take up the session' };
    }
    if (this.#refused !== null) return { kind: 'failed', why: `pi failed: ${this.#refused}` };
    if (!this.#isOver || this.#last === null) {
      return { kind: 'failed', why: `pi ended in its turn (exit code ${code ?? 'none'})` };
    }
    const [reason, message] = [textAt(this.#last, 'stopReason'), textAt(this.#last, 'errorMessage')];
    if (reason !== 'error' && reason !== 'aborted') return { kind: 'ended', message: textOf(this.#last) };
    const why = `pi failed: ${(message ?? reason).slice(0, REASON_MAX)}`;
    const failure = reason === 'error' ? failureOf(this.#last) : null;
    return failure === null ? { kind: 'failed', why } : { kind: 'provider', why, failure };
  }

  #call(id: string, type: string, rest: object = {}): void {
    this.#io?.write(JSON.stringify({ id, type, ...rest }));
  }

  #answered(response: Json | undefined): void {
    const id = textAt(response, 'id');
    if (at(response, 'success') === false && id === 'prompt') {
      this.#refused = (textAt(response, 'error') ?? 'it did not take the prompt').slice(0, REASON_MAX);
      this.#io?.finish();
    }
    const session = textAt(response, 'data', 'sessionId');
    if (id === 'begin' && session !== null) this.#emit({ kind: 'session', id: session });
    if (id !== 'end' || this.#isRetrying) return;
    this.#isOver = true;
    this.#io?.finish();
  }

  #said(message: Json | undefined): void {
    if (textAt(message, 'role') !== 'assistant' || message === undefined) return;
    this.#last = message;
    for (const part of listAt(message, 'content')) {
      const type = textAt(part, 'type');
      if (type === 'thinking') this.#emit({ kind: 'thinking', text: textAt(part, 'thinking') ?? '' });
      if (type === 'text') this.#emit({ kind: 'text', text: textAt(part, 'text') ?? '' });
    }
    const usage = usageOf(at(message, 'usage'));
    if (usage !== null) this.#emit({ kind: 'usage', usage, totals: null });
  }

  #retries(event: Json | undefined): void {
    this.#isRetrying = true;
    const failure = this.#last === null ? null : failureOf(this.#last);
    const unknown: ProviderFailure = { type: 'overload', status: null, resetMs: null, code: null };
    this.#emit({ kind: 'rate-limit', failure: failure ?? unknown, delayMs: numberAt(event, 'delayMs') });
  }
}

/** The libraries of providers put the status of HTTP before what they were told, where there was an answer. */
function failureOf(message: Json): ProviderFailure | null {
  const status = /^([45]\d\d)\b/.exec(textAt(message, 'errorMessage') ?? '')?.[1];
  return status === undefined ? null : statusFailure({ status: Number(status) });
}

function textOf(message: Json): string {
  return listAt(message, 'content')
    .filter((part) => textAt(part, 'type') === 'text')
    .map((part) => textAt(part, 'text') ?? '')
    .join('\n');
}

/** Null where nothing was used: a request that was refused. */
function usageOf(usage: Json | undefined): Usage | null {
  const count = (key: string): number => numberAt(usage, key) ?? 0;
  const used: Usage = {
    inputTokens: count('input'),
    cachedTokens: count('cacheRead'),
    cacheWriteTokens: count('cacheWrite'),
    outputTokens: count('output'),
    // A model whose price it does not know costs nothing with it.
    costUsd: numberAt(usage, 'cost', 'total') || null,
  };
  return used.inputTokens + used.cachedTokens + used.cacheWriteTokens + used.outputTokens === 0 ? null : used;
}
