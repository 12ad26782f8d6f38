import { crashCause } from '../../core/crash-cause.ts';
import { impossible } from '../../core/impossible.ts';
import { parseFinalMessage } from '../../core/final-message.ts';
import { checkedFailure } from '../../core/provider-failure.ts';
import type { ProviderFailure } from '../../core/provider-failure.ts';
import { systemClock } from '../../process/clock.ts';
import type { CellResult } from '../../sandbox/run-in-cell.ts';
import type { Turn, TurnEnd } from '../agent.ts';
import { redactJson } from '../../core/redact-json.ts';
import type { TerminalSignal } from '../../core/terminal-signal.ts';
import type { Judgement } from './protocol.ts';
import { readResultFile } from './result-file.ts';

export interface StoppedProgram {
  readonly name: string;
  readonly turn: Turn;
  readonly result: CellResult;
  /** Who ended it. `over`: we did, after it was told to end. `refused`: we did, since its provider refused for too long. */
  readonly cause: 'itself' | 'cancelled' | 'idle' | 'over' | 'refused';
}

export interface EndedProgram extends StoppedProgram {
  /** The provider refused, and nothing came after it. */
  readonly pending: ProviderFailure | null;
  readonly lastText: string;
  readonly stderr: string;
  readonly judge: () => Judgement;
}

/** The shell's own "cannot execute" and "not found". */
export const NOT_RUNNABLE: ReadonlySet<number> = new Set([126, 127]);
const CAUSE_MAX = 200;
const WHY_MAX = 4_000;
const TAIL_MAX = 16 * 1024;

/**
 * How a turn ended. In this order: what could not be ended; a cancellation; the terminal signal of the agent; what ended
 * the program from outside; what its protocol says; the last message; the file of `YARD_RESULT`.
 */
export async function endOfTurn(ended: EndedProgram): Promise<TurnEnd> {
  return sound(await howEnded(ended), ended.turn);
}

/** Nothing of what the program said goes on with a secret in it, nor in numbers that cannot be reckoned with. */
function sound(end: TurnEnd, turn: Turn): TurnEnd {
  if (!('why' in end)) return end;
  const why = turn.redactor.text(end.why).slice(0, WHY_MAX);
  if (end.kind !== 'provider') return { ...end, why };
  const { code, ...failure } = end.failure;
  const named = { ...failure, code: code === null ? null : turn.redactor.text(code) };
  return { ...end, why, failure: checkedFailure(named, systemClock.nowMs()) };
}

async function howEnded(ended: EndedProgram): Promise<TurnEnd> {
  const { turn, result } = ended;
  const outOfHand = endOutOfHand(ended);
  if (outOfHand !== null) return outOfHand;
  const terminal = turn.tools?.terminal ?? null;
  if (terminal !== null) return ofSignal(withoutSecrets(terminal, turn), ended);
  const why = whyStopped(ended);
  if (why === null) return judged(ended);
  return result.breach === null ? stuck(ended, why) : failed(ended, why);
}

/** The end of a turn in which the agent had no part; null: it had one. */
export function endOutOfHand({ name, result, cause }: StoppedProgram): TurnEnd | null {
  if (result.survivors.length > 0) {
    return { kind: 'infrastructure', why: `processes of the agent could not be ended: ${result.survivors.join(', ')}` };
  }
  if (cause === 'cancelled') return { kind: 'cancelled' };
  if (result.kind !== 'spawn-failed') return null;
  return { kind: 'infrastructure', why: `the agent ${name} could not be started: ${result.message}` };
}

/** Which of its limits ended the program; null: none did. */
export function whyStopped({ name, turn, result, cause }: StoppedProgram): string | null {
  if (result.breach !== null) return `the agent ${name} ${result.breach}`;
  if (cause === 'idle') return `the agent ${name} said nothing for ${seconds(turn.idleMs ?? 0)}, its idle limit`;
  if (cause === 'refused') return `the agent ${name} waited ${seconds(turn.patienceMs)} for its provider`;
  if (result.kind !== 'timed-out') return null;
  return `the agent ${name} did not end within ${seconds(turn.timeoutMs)}, its time limit`;
}

async function judged(ended: EndedProgram): Promise<TurnEnd> {
  const { name, turn, result, cause, stderr } = ended;
  if (result.kind === 'exited' && NOT_RUNNABLE.has(result.code)) {
    return { kind: 'infrastructure', why: withCause(`the agent ${name} could not be run`, stderr) };
  }
  if (result.kind === 'signalled' && cause === 'itself') {
    return failed(ended, endedBySignal(name, result.signal));
  }
  const judgement = ended.judge();
  const file = await readResultFile(turn);
  if (file?.kind === 'question') return file;
  switch (judgement.kind) {
    case 'ended':
      return reported(ended, judgement.message, file);
    case 'failed':
      return failed(ended, judgement.why);
    case 'provider':
    case 'session-refused':
    case 'infrastructure':
      return judgement;
    default:
      throw impossible(judgement satisfies never);
  }
}

function reported(
  ended: EndedProgram,
  message: string | null,
  file: Awaited<ReturnType<typeof readResultFile>>,
): TurnEnd {
  const said = message === null ? null : parseFinalMessage(ended.turn.redactor.text(message), ended.turn);
  if (said?.kind === 'signal') return ofSignal(said.signal, ended);
  switch (file?.kind) {
    case 'packet':
      return { kind: 'finished', packet: file.packet };
    case 'question':
      return file;
    case 'malformed':
    case 'refused':
      return unfinished(ended, `its result file was not taken: ${file.why}`);
    case undefined:
      break;
    default:
      throw impossible(file satisfies never);
  }
  if (said?.kind === 'malformed') return unfinished(ended, `its last message was not taken: ${said.why}`);
  return unfinished(ended, `the agent ${ended.name} ended its turn without saying how its work ended`);
}

function withoutSecrets(signal: TerminalSignal, { redactor }: Turn): TerminalSignal {
  return JSON.parse(redactJson(JSON.stringify(signal), (text) => redactor.text(text))) as TerminalSignal;
}

function ofSignal(signal: TerminalSignal, ended: EndedProgram): TurnEnd {
  switch (signal.kind) {
    case 'done':
      return { kind: 'finished', packet: signal.packet };
    case 'question':
      return { kind: 'question', text: signal.text };
    case 'cannot':
      return { kind: 'no-packet', why: `the agent gave up: ${signal.why}`, outputTail: tailOf(ended) };
    default:
      throw impossible(signal satisfies never);
  }
}

/** It said nothing any more: because its provider refused it, or of itself. */
function stuck(ended: EndedProgram, why: string): TurnEnd {
  const { pending, cause, turn } = ended;
  if (pending === null) return failed(ended, why);
  const failure = cause === 'refused' ? { ...pending, waitedMs: turn.patienceMs } : pending;
  const said = pending.isUnanswered === true ? 'could not be reached' : `had refused (${pending.type})`;
  return { kind: 'provider', why: `${why}, after the provider ${said}`, failure };
}

function failed(ended: EndedProgram, why: string): TurnEnd {
  return { kind: 'no-packet', why: withCause(why, ended.stderr || ended.lastText), outputTail: tailOf(ended) };
}

function unfinished(ended: EndedProgram, why: string): TurnEnd {
  return { kind: 'unfinished', why, outputTail: tailOf(ended) };
}

function tailOf({ lastText, stderr }: EndedProgram): string {
  return `${lastText}\n${stderr}`.trim().slice(-TAIL_MAX);
}

export function endedBySignal(name: string, signal: string): string {
  return `the agent ${name} was ended by ${signal}`;
}

function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`;
}

/** What a program said at its end is nearly always what went wrong. */
export function withCause(why: string, output: string): string {
  const cause = crashCause(output);
  return cause === '' ? why : `${why}: ${cause.slice(0, CAUSE_MAX)}`;
}
