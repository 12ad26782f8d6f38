import { checkFields } from './checked-fields.ts';
import type { Given } from './checked-fields.ts';
import { impossible } from './impossible.ts';
import { inertJson } from './inert-json.ts';
import { inertLine } from './inert.ts';
import { foreignKey } from './packet.ts';
import type { Binding, Packet } from './packet.ts';
import { requestedScope } from './requested-scope.ts';
import type { TaskSpec } from './task.ts';
import type { TerminalSignal } from './terminal-signal.ts';
import { fieldsOf, isToolName, TOOL_NAMES } from './tool-definitions.ts';
import type { ToolName } from './tool-definitions.ts';
import type { Json } from './yard-event.ts';

/*
 * What an agent does with the tools of its attempt. Invariants:
 * T1. There is at most one terminal signal, and it never changes. After it every call is refused.
 * T2. The signal `done` carries a packet that a call reported.
 * T3. A refused call changes nothing but the counts, and its reply says what to do instead.
 * T4. What is kept of a call is inert text, of bounded size, in bounded number.
 */

/** What the agent said last of what it is doing. */
export interface Checkpoint {
  readonly phase: string;
  readonly focus: string;
  readonly nextAction: string | null;
  readonly blockers: readonly string[];
  readonly evidence: readonly string[];
}

export interface ToolState {
  /** The refused ones too. */
  readonly calls: number;
  /** Monotonic times of the last calls that were no flood, oldest first. */
  readonly recentMs: readonly number[];
  /** When progress was last written. */
  readonly writtenMs: number | null;
  readonly checkpoint: Checkpoint | null;
  readonly packet: Packet | null;
  readonly terminal: TerminalSignal | null;
}

export const UNUSED_TOOLS: ToolState = {
  calls: 0,
  recentMs: [],
  writtenMs: null,
  checkpoint: null,
  packet: null,
  terminal: null,
};

export interface ToolCall {
  readonly name: string;
  /** As they came; null and nothing stand for none. */
  readonly arguments: Json | undefined;
  readonly monotonicMs: number;
}

/** What the tools are bound to. */
export interface ToolContext {
  readonly binding: Binding;
  readonly task: TaskSpec;
  readonly gate: { readonly name: string; readonly command: string };
}

export interface ToolReply {
  readonly ok: boolean;
  readonly text: string;
}

export type RefusedBecause =
  | 'ended'
  | 'too-many'
  | 'flood'
  | 'unknown-tool'
  | 'oversize'
  | 'malformed'
  | 'foreign'
  | 'no-packet'
  | 'scope';

/** What is to follow a call. */
export type ToolEffect =
  | { readonly kind: 'none' }
  | { readonly kind: 'progress'; readonly checkpoint: Checkpoint }
  | { readonly kind: 'ended'; readonly signal: TerminalSignal }
  | { readonly kind: 'refused'; readonly because: RefusedBecause };

export interface ToolStep {
  readonly state: ToolState;
  readonly reply: ToolReply;
  readonly effect: ToolEffect;
}

export const CALLS_MAX = 2_000;
const FLOOD_CALLS = 30;
const FLOOD_MS = 10_000;
const ARGUMENTS_BYTES_MAX = 64 * 1024;
const PROGRESS_EVERY_MS = 1_000;

/** One call: what becomes of the state, what the agent is told, what is to be done. */
export function callTool(before: ToolState, call: ToolCall, context: ToolContext): ToolStep {
  const counted = { ...before, calls: before.calls + 1 };
  const { terminal } = before;
  if (terminal !== null) {
    return refuse(counted, 'ended', `You have ended your work already (${describeSignal(terminal)}). Stop now.`);
  }
  if (counted.calls > CALLS_MAX) {
    return refuse(counted, 'too-many', `No more than ${CALLS_MAX} calls are taken. Stop now.`);
  }
  const recentMs = before.recentMs.filter((atMs) => call.monotonicMs - atMs < FLOOD_MS);
  if (recentMs.length >= FLOOD_CALLS) {
    const limit = `${FLOOD_CALLS} calls in ${FLOOD_MS / 1_000} seconds`;
    return refuse(
      { ...counted, recentMs },
      'flood',
      `These were more than ${limit}. Go on with your work, and try later.`,
    );
  }
  const state = { ...counted, recentMs: [...recentMs, call.monotonicMs] };
  if (!isToolName(call.name)) {
    return refuse(state, 'unknown-tool', `There is no such tool. There are: ${TOOL_NAMES.join(', ')}.`);
  }
  return checked(state, call.name, call, context);
}

function checked(state: ToolState, name: ToolName, call: ToolCall, context: ToolContext): ToolStep {
  const value = call.arguments ?? {};
  if (typeof value !== 'object' || Array.isArray(value)) {
    return refuse(state, 'malformed', 'It is not taken: its arguments are no object. Call it again with an object.');
  }
  const object = value as { readonly [key: string]: Json };
  if (!Object.values(object).every(isShallow)) {
    return refuse(
      state,
      'malformed',
      'It is not taken: its arguments are nested. Call it again with texts and lists of texts.',
    );
  }
  const sizeBytes = utf8Bytes(JSON.stringify(object));
  if (sizeBytes > ARGUMENTS_BYTES_MAX) {
    const most = `${ARGUMENTS_BYTES_MAX / 1024} KiB`;
    return refuse(state, 'oversize', `It is not taken: its arguments have more than ${most}. Say it in fewer words.`);
  }
  const foreign = foreignKey(withoutNull(object), context.binding);
  if (foreign !== null) {
    const own = `You work on task ${context.binding.taskId}, attempt ${context.binding.attempt}, and on nothing else`;
    return refuse(state, 'foreign', `It is not taken: its ${foreign} is not yours. ${own}: leave ${foreign} out.`);
  }
  const result = checkFields(object, fieldsOf(name));
  if (result.kind === 'bad') {
    return refuse(state, 'malformed', `It is not taken: ${result.why}. Correct it, and call ${name} again.`);
  }
  return carriedOut(state, name, result.given, call.monotonicMs, context);
}

function carriedOut(
  state: ToolState,
  name: ToolName,
  given: Given,
  monotonicMs: number,
  { task, binding, gate }: ToolContext,
): ToolStep {
  switch (name) {
    case 'get_task': {
      const { id, agent: _agent, priority: _priority, ...rest } = task;
      const shown = { task: id, attempt: binding.attempt, ...rest, gate };
      return { state, reply: { ok: true, text: inertJson(JSON.stringify(shown, null, 2)) }, effect: { kind: 'none' } };
    }
    case 'report_progress':
      return progressed(state, given, monotonicMs);
    case 'report_packet': {
      const packet: Packet = {
        source: 'agent',
        summary: given.text('summary') ?? '',
        tests: given.list('tests'),
        commands: given.list('commands'),
        blockers: given.list('blockers'),
      };
      const text = 'Your report is kept. When all is in place, call finish with the status done.';
      return { state: { ...state, packet }, reply: { ok: true, text }, effect: { kind: 'none' } };
    }
    case 'ask_question':
      return ended(state, { kind: 'question', text: given.text('question') ?? '' });
    case 'request_scope': {
      const request = requestedScope(given.list('patterns'), given.text('why') ?? '', task);
      return request.kind === 'question' ? ended(state, request) : refuse(state, 'scope', request.why);
    }
    case 'finish':
      return finished(state, given);
    default:
      throw impossible(name satisfies never);
  }
}

function progressed(state: ToolState, given: Given, monotonicMs: number): ToolStep {
  const checkpoint: Checkpoint = {
    phase: given.text('phase') ?? '',
    focus: given.text('focus') ?? '',
    nextAction: given.text('next_action'),
    blockers: given.list('blockers'),
    evidence: given.list('evidence'),
  };
  const reply = { ok: true, text: 'Noted. Go on.' };
  if (state.writtenMs !== null && monotonicMs - state.writtenMs < PROGRESS_EVERY_MS) {
    return { state: { ...state, checkpoint }, reply, effect: { kind: 'none' } };
  }
  return {
    state: { ...state, checkpoint, writtenMs: monotonicMs },
    reply,
    effect: { kind: 'progress', checkpoint },
  };
}

function finished(state: ToolState, given: Given): ToolStep {
  const status = given.text('status');
  const reason = given.text('reason');
  if (status === 'done') {
    if (state.packet !== null) return ended(state, { kind: 'done', packet: state.packet });
    return refuse(
      state,
      'no-packet',
      'It is not taken: there is no report yet. Call report_packet first, then finish.',
    );
  }
  if (reason === null) {
    const what = status === 'blocked' ? 'the question that a person is to answer' : 'why it cannot be done';
    return refuse(state, 'malformed', `It is not taken: reason is missing. Call finish again, with ${what}.`);
  }
  return ended(state, status === 'blocked' ? { kind: 'question', text: reason } : { kind: 'cannot', why: reason });
}

function ended(state: ToolState, signal: TerminalSignal): ToolStep {
  const text = `Taken: ${describeSignal(signal)}. Your work has ended. Do nothing more, and stop now.`;
  return { state: { ...state, terminal: signal }, reply: { ok: true, text }, effect: { kind: 'ended', signal } };
}

function refuse(state: ToolState, because: RefusedBecause, text: string): ToolStep {
  return { state, reply: { ok: false, text: inertLine(text, 2_000) }, effect: { kind: 'refused', because } };
}

function describeSignal(signal: TerminalSignal): string {
  switch (signal.kind) {
    case 'done':
      return 'the work is done';
    case 'question':
      return 'a person is asked';
    case 'cannot':
      return 'it cannot be done';
    default:
      throw impossible(signal satisfies never);
  }
}

/** A scalar, or a list of them: deeper than that no argument goes, and some JSON is so deep that it cannot be walked. */
function isShallow(value: Json): boolean {
  const isScalar = (one: Json): boolean => one === null || typeof one !== 'object';
  return isScalar(value) || (Array.isArray(value) && (value as readonly Json[]).every(isScalar));
}

/** Programs that must name every field give null for those that they leave out. */
function withoutNull(object: { readonly [key: string]: Json }): { readonly [key: string]: Json } {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null));
}

function utf8Bytes(text: string): number {
  let bytes = text.length;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    // Of a pair of surrogates each half counts two of four.
    if (unit >= 0x80) bytes += unit >= 0x800 && (unit < 0xd800 || unit > 0xdfff) ? 2 : 1;
  }
  return bytes;
}
