import { NO_USAGE, usageSince } from '../../core/usage.ts';
import type { Json } from '../../core/yard-event.ts';
import type { Turn } from '../agent.ts';
import { at, listAt, parseLine, textAt } from '../program/json-line.ts';
import type { Emit, Judgement, ProgramExit, ProgramIo, Protocol } from '../program/protocol.ts';
import { resultSummary, toolSummary } from '../program/tool-summary.ts';
import { errorText } from './codex-failure.ts';
import { codexUsage } from './codex-usage.ts';

/*
 * One turn of `codex exec --json`. It tells why a turn failed in words alone, so that no failure of it is known to be one
 * of the provider.
 */
export class ExecProtocol implements Protocol {
  readonly #session: Turn['session'];
  #emit: Emit = () => undefined;
  #hasBegun = false;
  #message: string | null = null;
  #isComplete = false;
  #failure: string | null = null;

  constructor(session: Turn['session']) {
    this.#session = session;
  }

  begin(_io: ProgramIo, emit: Emit): void {
    this.#emit = emit;
  }

  stdout(line: string): void {
    const event = parseLine(line) ?? undefined;
    const item = at(event, 'item');
    switch (textAt(event, 'type')) {
      case 'thread.started':
        this.#hasBegun = true;
        return this.#emit({ kind: 'session', id: textAt(event, 'thread_id') ?? '' });
      case 'item.started':
        return this.#called(item);
      case 'item.completed':
        return this.#done(item);
      case 'turn.completed':
        return this.#completed(at(event, 'usage'));
      case 'turn.failed':
        this.#failure = errorText(at(event, 'error'));
        return undefined;
      case 'error':
        return this.#emit({ kind: 'error', message: errorText(event) });
      default:
        return undefined;
    }
  }

  judge({ code }: ProgramExit): Judgement {
    if (this.#session !== null && !this.#hasBegun && code !== 0) {
      return { kind: 'session-refused', why: 'codex did not take up the session' };
    }
    if (this.#failure !== null) return { kind: 'failed', why: `codex failed: ${this.#failure}` };
    if (!this.#isComplete || code !== 0) {
      return { kind: 'failed', why: `codex ended in its turn (exit code ${code ?? 'none'})` };
    }
    return { kind: 'ended', message: this.#message };
  }

  #called(item: Json | undefined): void {
    const call = callOf(item);
    if (call !== null) this.#emit({ kind: 'tool', id: textAt(item, 'id') ?? '', ...call });
  }

  #done(item: Json | undefined): void {
    const [type, text] = [textAt(item, 'type'), textAt(item, 'text') ?? ''];
    if (type === 'agent_message') {
      this.#message = text;
      this.#emit({ kind: 'text', text });
    } else if (type === 'reasoning') {
      this.#emit({ kind: 'thinking', text });
    } else if (type === 'todo_list') {
      this.#emit({ kind: 'plan', entries: listAt(item, 'items').map((entry) => textAt(entry, 'text') ?? '') });
    } else if (callOf(item) !== null) {
      const ok = textAt(item, 'status') === 'completed';
      const output = textAt(item, 'aggregated_output') ?? textAt(item, 'error', 'message');
      const summary = resultSummary(output ?? at(item, 'result', 'content'));
      this.#emit({ kind: 'tool-result', id: textAt(item, 'id') ?? '', ok, summary });
    }
  }

  #completed(counted: Json | undefined): void {
    this.#isComplete = true;
    // It counts on over all turns of a thread.
    const totals = codexUsage(counted);
    this.#emit({ kind: 'usage', usage: usageSince(totals, this.#session?.totals ?? NO_USAGE), totals });
  }
}

function callOf(item: Json | undefined): { readonly name: string; readonly summary: string } | null {
  switch (textAt(item, 'type')) {
    case 'command_execution':
      return { name: 'shell', summary: toolSummary(item) };
    case 'file_change':
      return { name: 'apply_patch', summary: toolSummary(at(item, 'changes')) };
    case 'mcp_tool_call': {
      const name = `${textAt(item, 'server') ?? ''}.${textAt(item, 'tool') ?? ''}`;
      return { name, summary: toolSummary(at(item, 'arguments')) };
    }
    case 'web_search':
      return { name: 'web_search', summary: toolSummary(item) };
    default:
      return null;
  }
}
