import { systemClock } from '../process/clock.ts';
import { LineSplitter } from '../process/lines.ts';
import { IdleWatch } from '../process/idle-watch.ts';
import { RedactedBytes } from '../process/redacted-bytes.ts';
import { Tail } from '../process/tail.ts';
import type { Agent, AgentEvent, AgentRun, Capabilities, Turn, TurnEnd } from './agent.ts';
import type { EventQueue } from './event-queue.ts';
import { HOST_PACKET } from './packet.ts';
import { readResultFile } from './program/result-file.ts';
import { streamTurn } from './program/stream-turn.ts';
import { endedBySignal, endOutOfHand, NOT_RUNNABLE, whyStopped, withCause } from './program/turn-end.ts';
import type { StoppedProgram } from './program/turn-end.ts';
import { turnVariables } from './program/turn-variables.ts';
import { Transcript } from './transcript.ts';

export interface CommandOptions {
  readonly name: string;
  /** A shell command, or a program and its arguments. Runs in the lane; the prompt comes on stdin. */
  readonly run: string | readonly string[];
  /** Added to the environment. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** The file in the lane's top directory by which a program without a protocol asks a question. Never committed. */
export const BLOCKED_FILE = 'BLOCKED.md';

const LINE_BYTES_MAX = 64 * 1024;
const TAIL_BYTES = 16 * 1024;

/** It is asked for nothing but its exit code. */
export const COMMAND_CAPABILITIES: Capabilities = {
  resume: false,
  tools: null,
  schema: false,
  cost: null,
  interrupt: 'signal',
  steer: false,
  reviewOnly: false,
};

/**
 * Any program that edits files. It is done when it exits with 0; what it may say beyond that it writes to the file
 * named by `YARD_RESULT`: a packet, or `{"question": "…"}`.
 */
export function commandAgent(options: CommandOptions): Agent {
  return {
    name: options.name,
    kind: 'command',
    capabilities: COMMAND_CAPABILITIES,
    runner: () => Promise.resolve('command'),
    start: (turn) => startCommand(options, turn),
  };
}

function startCommand(options: CommandOptions, turn: Turn): AgentRun {
  return streamTurn((queue, signal) => runTurn(options, turn, queue, signal));
}

interface Listener {
  readonly redacted: RedactedBytes;
  readonly lines: LineSplitter;
}

async function runTurn(
  options: CommandOptions,
  turn: Turn,
  queue: EventQueue<AgentEvent>,
  signal: AbortSignal,
): Promise<TurnEnd> {
  const [file, ...args] = typeof options.run === 'string' ? ['/bin/sh', '-c', options.run] : options.run;
  if (file === undefined) throw new Error(`the agent ${options.name} has no command`);
  const transcript = new Transcript(turn.transcript);
  const watch = new IdleWatch(turn.idleMs);
  const startedMs = systemClock.monotonicMs();
  let lastLine = '';
  const hear = (text: string): void => {
    // What it says because it is being ended does not tell what it was at.
    const isLate = watch.signal.aborted || systemClock.monotonicMs() - startedMs >= turn.timeoutMs;
    if (!isLate) lastLine = text;
  };
  const tails = { stdout: new Tail(TAIL_BYTES), stderr: new Tail(TAIL_BYTES) };
  const listener = (stream: 'stdout' | 'stderr'): Listener => {
    const lines = splitter(stream, transcript, queue, hear);
    const redacted = new RedactedBytes(turn.redactor, (bytes) => {
      tails[stream].push(bytes);
      lines.push(bytes);
    });
    return { redacted, lines };
  };
  const listeners = { stdout: listener('stdout'), stderr: listener('stderr') };
  try {
    const env = { ...turn.environment, ...options.environment, ...turnVariables(turn) };
    const result = await turn.run(
      { argv: [file, ...args], env },
      {
        input: turn.prompt,
        timeoutMs: turn.timeoutMs,
        killGraceMs: turn.killGraceMs,
        marker: turn.marker,
        signal: AbortSignal.any([signal, watch.signal]),
        // What a cell that could not be made says of it.
        maxOutputBytes: TAIL_BYTES,
        onOutput: (chunk, stream) => {
          watch.heard();
          listeners[stream].redacted.push(chunk);
          transcript.flush();
        },
        onStarted: ({ identity }) => queue.push({ kind: 'started', pid: identity.pid }),
      },
    );
    for (const { redacted, lines } of Object.values(listeners)) {
      redacted.end();
      lines.end();
    }
    const outputTail = (tails.stdout.text() + tails.stderr.text()).slice(-TAIL_BYTES);
    const stopped = signal.aborted ? 'cancelled' : watch.signal.aborted ? 'idle' : 'itself';
    // One that was just about to end has ended itself.
    const cause = result.kind === 'cancelled' ? stopped : 'itself';
    return await endOf({ name: options.name, turn, result, cause }, { lastLine, outputTail });
  } finally {
    watch.stop();
    transcript.close();
  }
}

function splitter(
  stream: 'stdout' | 'stderr',
  transcript: Transcript,
  queue: EventQueue<AgentEvent>,
  hear: (text: string) => void,
): LineSplitter {
  return new LineSplitter(LINE_BYTES_MAX, ({ text }) => {
    transcript.line(systemClock.nowMs(), stream, text);
    if (text.trim() === '') return;
    hear(text);
    // A reader that is too far behind misses lines; the transcript has them.
    if (queue.hasRoom) queue.push({ kind: 'text', text }, text.length);
  });
}

interface Heard {
  /** Before it was stopped. */
  readonly lastLine: string;
  readonly outputTail: string;
}

async function endOf(stopped: StoppedProgram, { lastLine, outputTail }: Heard): Promise<TurnEnd> {
  const { name, turn, result } = stopped;
  const failed = (why: string, said = outputTail): TurnEnd => ({
    kind: 'no-packet',
    why: withCause(why, said),
    outputTail,
  });
  const outOfHand = endOutOfHand(stopped);
  if (outOfHand !== null) return outOfHand;
  const why = whyStopped(stopped);
  if (why !== null) return failed(why, lastLine);
  if (result.kind === 'signalled') return failed(endedBySignal(name, result.signal));
  if (result.kind !== 'exited') throw new Error(`the agent ${name} is ${result.kind}, and nobody has ended it`);
  const report = await readResultFile(turn);
  if (report?.kind === 'refused') return failed(`its result file was not read: ${report.why}`);
  if (report?.kind === 'question') return report;
  if (result.code !== 0) {
    const exited = `the agent ${name} exited with ${result.code}`;
    return NOT_RUNNABLE.has(result.code)
      ? { kind: 'infrastructure', why: outputTail.trim() === '' ? exited : `${exited}: ${outputTail.trim()}` }
      : failed(exited);
  }
  if (report?.kind === 'malformed') return failed(`its result file was not taken: ${report.why}`);
  return { kind: 'finished', packet: report?.packet ?? HOST_PACKET };
}
