import { NO_USAGE } from '../../core/usage.ts';
import type { Json } from '../../core/yard-event.ts';
import type { Turn } from '../agent.ts';
import { answerMcp } from '../tools/mcp-message.ts';
import { at, listAt, parseLine, textAt } from '../program/json-line.ts';
import type { JsonObject } from '../program/json-line.ts';
import { REASON_MAX } from '../program/protocol.ts';
import type { Emit, Judgement, ProgramExit, ProgramIo, Protocol } from '../program/protocol.ts';
import { resultSummary, toolSummary } from '../program/tool-summary.ts';
import type { Dialect } from './dialect.ts';

/*
 * One turn of a program that speaks `stream-json` in both directions. What became of it is in its `result`, and there in
 * `is_error`: the `subtype` of a refused request may be `success`, and the exit code of a failed turn 0.
 */

/**
 * What is written as the program starts.
 * @param text a slash at its beginning makes a command of it
 * @param servers names of the servers of tools that are asked over this stream
 */
export function openingOf(text: string, servers: readonly string[] = []): string {
  const request = { subtype: 'initialize', ...(servers.length === 0 ? {} : { sdkMcpServers: servers }) };
  const hello = { type: 'control_request', request_id: 'begin', request };
  return `${JSON.stringify(hello)}\n${userMessage(text)}\n`;
}

function userMessage(text: string): string {
  const message = { role: 'user', content: [{ type: 'text', text }] };
  return JSON.stringify({ type: 'user', session_id: '', parent_tool_use_id: null, message });
}

export class StreamJsonProtocol implements Protocol {
  readonly #dialect: Dialect;
  readonly #turn: Pick<Turn, 'session' | 'tools'>;
  #io: ProgramIo | null = null;
  #emit: Emit = () => undefined;
  #hasBegun = false;
  #result: JsonObject | null = null;

  /** @param turn its tools where the program asks for them over this stream, and null otherwise */
  constructor(dialect: Dialect, turn: Pick<Turn, 'session' | 'tools'>) {
    this.#dialect = dialect;
    this.#turn = turn;
  }

  begin(io: ProgramIo, emit: Emit): void {
    this.#io = io;
    this.#emit = emit;
  }

  stdout(line: string): void {
    const message = parseLine(line);
    if (message === null || this.#dialect.hear(message, this.#emit)) return undefined;
    switch (textAt(message, 'type')) {
      case 'system':
        return this.#system(message);
      case 'assistant':
        return this.#assistant(message);
      case 'user':
        return this.#user(message);
      case 'control_request':
        return void this.#asked(message);
      case 'result':
        return this.#ended(message);
      default:
        return undefined;
    }
  }

  interrupt(): boolean {
    const request = { type: 'control_request', request_id: 'interrupt', request: { subtype: 'interrupt' } };
    this.#io?.write(JSON.stringify(request));
    return true;
  }

  steer(text: string): boolean {
    if (!this.#dialect.steers || !this.#hasBegun || this.#result !== null) return false;
    this.#io?.write(userMessage(text));
    return true;
  }

  judge({ code }: ProgramExit): Judgement {
    const { name } = this.#dialect;
    const result = this.#result;
    const isError = result !== null && at(result, 'is_error') === true;
    const why = `${name} failed: ${reasonOf(result)}`;
    const failure = isError ? this.#dialect.failure(result) : null;
    if (failure !== null) return { kind: 'provider', why, failure };
    // Whatever kept it from beginning, a session of its own may do without.
    if (this.#turn.session !== null && !this.#hasBegun && code !== 0) {
      return { kind: 'session-refused', why: `${name} did not take up the session: ${reasonOf(result)}` };
    }
    if (result === null) return { kind: 'failed', why: `${name} ended without a result` };
    // What it may spend is spent: whoever keeps the budget says what that means for the task.
    if (isError && textAt(result, 'terminal_reason') === 'budget_exhausted') return { kind: 'ended', message: null };
    return isError ? { kind: 'failed', why } : { kind: 'ended', message: this.#dialect.message(result) };
  }

  #system(message: JsonObject): void {
    if (textAt(message, 'subtype') !== 'init') return;
    this.#hasBegun = true;
    const id = textAt(message, 'session_id');
    const model = textAt(message, 'model');
    if (id !== null) this.#emit({ kind: 'session', id, ...(model === null ? {} : { model }) });
  }

  #assistant(message: JsonObject): void {
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
    if (PLANNERS.has(name) && entries.length > 0) this.#emit({ kind: 'plan', entries });
    else this.#emit({ kind: 'tool', id, name, summary: toolSummary(input) });
  }

  #user(message: JsonObject): void {
    for (const block of listAt(message, 'message', 'content')) {
      if (textAt(block, 'type') !== 'tool_result') continue;
      const [id, ok] = [textAt(block, 'tool_use_id') ?? '', at(block, 'is_error') !== true];
      this.#emit({ kind: 'tool-result', id, ok, summary: resultSummary(at(block, 'content')) });
    }
  }

  /** It waits for an answer to all that it asks. */
  async #asked(message: JsonObject): Promise<void> {
    const requestId = textAt(message, 'request_id') ?? '';
    const answer = await this.#answer(at(message, 'request'));
    const outcome =
      answer === null
        ? { subtype: 'error', error: 'nobody is here to answer' }
        : { subtype: 'success', response: answer };
    this.#io?.write(JSON.stringify({ type: 'control_response', response: { request_id: requestId, ...outcome } }));
  }

  /** Null: it was asked for something else. */
  async #answer(request: Json | undefined): Promise<JsonObject | null> {
    const { tools } = this.#turn;
    switch (textAt(request, 'subtype')) {
      case 'can_use_tool':
        return { behavior: 'allow', updatedInput: at(request, 'input') ?? {} };
      case 'mcp_message': {
        if (tools === null) return null;
        const { reply } = await answerMcp(at(request, 'message'), tools);
        return { mcp_response: reply ?? UNHEEDED };
      }
      default:
        return null;
    }
  }

  #ended(result: JsonObject): void {
    // A task that it had left in the background may begin another turn: this one is over.
    if (this.#result !== null) return;
    this.#result = result;
    const used = this.#dialect.usage(result, this.#turn.session?.totals ?? NO_USAGE);
    if (used !== null) this.#emit({ kind: 'usage', ...used });
    this.#io?.finish();
  }
}

/** It wants an answer to what wants none, too. */
const UNHEEDED: JsonObject = { jsonrpc: '2.0', id: 0, result: {} };
/** Tools by which they write down what they are about to do. */
const PLANNERS: ReadonlySet<string> = new Set(['TodoWrite', 'todo_write']);
function reasonOf(result: JsonObject | null): string {
  if (result === null) return 'it ended without a result';
  const [error] = listAt(result, 'errors');
  const told = typeof error === 'string' ? error : textAt(result, 'error', 'message');
  const text = told ?? textAt(result, 'result') ?? textAt(result, 'terminal_reason') ?? textAt(result, 'subtype');
  return (text ?? 'unknown').slice(0, REASON_MAX);
}
