import type { Clock } from '../../core/clock.ts';
import { callTool, CALLS_MAX, UNUSED_TOOLS } from '../../core/issue-tools.ts';
import type { Checkpoint, ToolContext, ToolReply } from '../../core/issue-tools.ts';
import { SECRET_MARGIN } from '../../core/redact.ts';
import type { TerminalSignal } from '../../core/terminal-signal.ts';
import { TOOL_DEFINITIONS } from '../../core/tool-definitions.ts';
import type { ToolDefinition } from '../../core/tool-definitions.ts';
import type { Json } from '../../core/yard-event.ts';

/*
 * The tools of one attempt, in its process. Invariants:
 * I1. Calls are decided one after the other, as they come, whatever way they come by.
 * I2. Every call is logged before it is answered, up to a number; `finishLog` says how many were not.
 * I3. `ended` fires at most once, after the call that caused it was answered: on the terminal signal, or when what was to
 *     be written was refused, which is when the attempt has lost its lease.
 */

export interface IssueTools {
  readonly definitions: readonly ToolDefinition[];
  /** What the agent asks for, checked as hostile input. Never throws for what it is given, which came as JSON. */
  call(name: string, input: unknown): Promise<ToolReply>;
  /** Null as long as the agent has not said how its work ended. */
  readonly terminal: TerminalSignal | null;
  /** What it said last of its progress, written or not. */
  readonly checkpoint: Checkpoint | null;
  /** What `onProgress` threw. The attempt is to end with it. */
  readonly refusal: { readonly error: unknown } | null;
  /** Fires with `terminal` or `refusal`. */
  readonly ended: AbortSignal;
}

export interface IssueToolsOptions extends ToolContext {
  /** Takes secrets out of what is cut: half of one would not be known again. */
  readonly redact: (text: string) => string;
  /** Evidence; what it is given is of bounded size and number. */
  readonly log: (entry: { readonly [key: string]: Json }) => void;
  /** Writes the checkpoint under the attempt's fence; throws when the store takes nothing any more. */
  readonly onProgress: (checkpoint: Checkpoint) => Promise<void>;
  readonly clock: Clock;
}

/** More than all calls that are decided. */
const LOGGED_MAX = CALLS_MAX + 500;
const LOGGED_CHARS_MAX = 4_000;
const NAME_MAX = 100;
const OVER = 'This attempt is over, and nothing of it is taken any more. Stop now.';

export class BoundTools implements IssueTools {
  readonly definitions = TOOL_DEFINITIONS;
  readonly #options: IssueToolsOptions;
  readonly #ended = new AbortController();
  #state = UNUSED_TOOLS;
  #refusal: { readonly error: unknown } | null = null;
  #logged = 0;

  constructor(options: IssueToolsOptions) {
    this.#options = options;
  }

  get terminal(): TerminalSignal | null {
    return this.#state.terminal;
  }

  get checkpoint(): Checkpoint | null {
    return this.#state.checkpoint;
  }

  get refusal(): { readonly error: unknown } | null {
    return this.#refusal;
  }

  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  async call(name: string, input: unknown): Promise<ToolReply> {
    const { redact } = this.#options;
    const called = {
      tool: redact(name.slice(0, NAME_MAX + SECRET_MARGIN)).slice(0, NAME_MAX),
      arguments: excerpt(input, redact),
    };
    if (this.#refusal !== null) {
      this.note({ ...called, ok: false, because: 'over' });
      return { ok: false, text: OVER };
    }
    const { clock, onProgress } = this.#options;
    const call = { name, arguments: input as Json | undefined, monotonicMs: clock.monotonicMs() };
    const { state, reply, effect } = callTool(this.#state, call, this.#options);
    this.#state = state;
    this.note({ ...called, ok: reply.ok, ...(effect.kind === 'refused' ? { because: effect.because } : {}) });
    if (effect.kind === 'ended') this.#endSoon();
    if (effect.kind !== 'progress') return reply;
    try {
      await onProgress(effect.checkpoint);
      return reply;
    } catch (error) {
      // Whatever it was, nothing more of this attempt can be written. Whoever runs it finds the reason in `refusal`.
      this.#refusal = { error };
      this.note({ tool: called.tool, ok: false, because: 'not-written', why: messageOf(error) });
      this.#endSoon();
      return { ok: false, text: OVER };
    }
  }

  /** Adds a line to the evidence, while there is room. */
  note(entry: { readonly [key: string]: Json }): void {
    this.#logged += 1;
    if (this.#logged <= LOGGED_MAX) this.#options.log({ at: this.#options.clock.nowMs(), ...entry });
  }

  /** Says what was left out of the evidence. */
  finishLog(): void {
    const leftOut = this.#logged - LOGGED_MAX;
    if (leftOut <= 0) return;
    this.#logged = LOGGED_MAX;
    this.#options.log({ at: this.#options.clock.nowMs(), cut: true, leftOut });
  }

  /** Not before the reply is on its way: who listens may well end the program that waits for it. */
  #endSoon(): void {
    setImmediate(() => this.#ended.abort());
  }
}

/** The arguments, or the beginning of their text where they are long. */
function excerpt(input: unknown, redact: (text: string) => string): Json {
  try {
    const text = JSON.stringify(input) ?? 'null';
    if (text.length <= LOGGED_CHARS_MAX) return input === undefined ? null : (input as Json);
    return `${redact(text).slice(0, LOGGED_CHARS_MAX).toWellFormed()}… (${text.length} characters)`;
  } catch (error) {
    // JSON may be nested deeper than can be written again; it is refused for it.
    if (error instanceof RangeError) return '(nested too deep)';
    throw error;
  }
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, LOGGED_CHARS_MAX);
}
