import { lastCall } from '../../core/last-call.ts';
import { systemClock } from '../../process/clock.ts';
import { IdleWatch } from '../../process/idle-watch.ts';
import { LineSplitter } from '../../process/lines.ts';
import { RedactedBytes } from '../../process/redacted-bytes.ts';
import type { StartedProcess } from '../../process/run.ts';
import { TIMER_MAX_MS } from '../../process/stop.ts';
import { Tail } from '../../process/tail.ts';
import type { CellResult } from '../../sandbox/run-in-cell.ts';
import type { AgentEvent, AgentRun, Turn, TurnEnd } from '../agent.ts';
import type { EventQueue } from '../event-queue.ts';
import { Transcript } from '../transcript.ts';
import type { Invocation, Judgement, ProgramIo } from './protocol.ts';
import { withSeededHome } from './seeded-home.ts';
import { streamTurn } from './stream-turn.ts';
import { TurnLog } from './turn-log.ts';
import { endOfTurn } from './turn-end.ts';
import type { EndedProgram } from './turn-end.ts';
import { turnVariables } from './turn-variables.ts';

/** A line of a protocol that is longer is not read; the raw log holds its beginning. */
const LINE_BYTES_MAX = 16 * 1024 * 1024;
const TAIL_BYTES = 16 * 1024;
/** What a program that was told to end, or that has given its terminal signal, may still take. */
const WIND_UP_MS = 15_000;
const FINISH_MS = 3_000;

/**
 * Runs a program that speaks a protocol for one turn.
 * @param prepare throws a `UserError` for what a person can mend, which ends the turn as a failure of the machine.
 */
export function runProgram(name: string, turn: Turn, prepare: () => Promise<Invocation>): AgentRun {
  return streamTurn(async (queue, signal) => {
    const invocation = await prepare();
    const run = new ProgramRun(name, turn, invocation, queue, signal);
    return run.toItsEnd();
  });
}

/*
 * One program over one turn. Invariants:
 * 1. What leaves it (events, logs, the end) has passed the redactor.
 * 2. The terminal signal outranks whatever the program does after it; a cancellation outranks all.
 * 3. Memory does not grow with what the program prints.
 */
class ProgramRun {
  readonly #name: string;
  readonly #turn: Turn;
  readonly #invocation: Invocation;
  readonly #log: TurnLog;
  readonly #raw: Transcript;
  readonly #watch: IdleWatch;
  readonly #cancelled: AbortSignal;
  /** Fires when the program has had its time to end by itself, after it was told to. */
  readonly #over = new AbortController();
  readonly #stderr = new Tail(TAIL_BYTES);
  readonly #timers = new Set<NodeJS.Timeout>();
  /** What the agent is still to be told, as soon as its program takes it. */
  #untold: string | null = null;
  /** Runs while the provider refuses. */
  #patience: NodeJS.Timeout | null = null;
  readonly #refused = new AbortController();
  #started: StartedProcess | null = null;
  readonly #queue: EventQueue<AgentEvent>;

  constructor(name: string, turn: Turn, invocation: Invocation, queue: EventQueue<AgentEvent>, cancelled: AbortSignal) {
    this.#name = name;
    this.#turn = turn;
    this.#invocation = invocation;
    this.#queue = queue;
    this.#cancelled = cancelled;
    this.#log = new TurnLog(turn, queue, (isPending) => this.#wait(isPending));
    this.#raw = new Transcript(turn.rawLog);
    this.#watch = new IdleWatch(turn.idleMs);
  }

  async toItsEnd(): Promise<TurnEnd> {
    const { tools } = this.#turn;
    const windUp = (): void => this.#windUp();
    tools?.ended.addEventListener('abort', windUp, { once: true });
    try {
      const result = await this.#run();
      const end = await endOfTurn({
        name: this.#name,
        turn: this.#turn,
        result,
        cause: this.#cause(),
        pending: this.#log.pending,
        lastText: this.#log.lastText,
        stderr: this.#stderr.text(),
        judge: () => this.#judge(result),
      });
      this.#log.end(end);
      return end;
    } finally {
      tools?.ended.removeEventListener('abort', windUp);
      for (const timer of this.#timers) clearTimeout(timer);
      this.#wait(false);
      this.#watch.stop();
      try {
        this.#raw.close();
      } finally {
        this.#log.close();
      }
    }
  }

  async #run(): Promise<CellResult> {
    const { argv, env, input, held, home } = this.#invocation;
    const turn = this.#turn;
    const stdout = new LineSplitter(LINE_BYTES_MAX, ({ text, cutBytes }) => this.#hear(text, cutBytes > 0));
    const stderrLines = new LineSplitter(64 * 1024, ({ text }) => {
      this.#raw.line(systemClock.nowMs(), 'stderr', text);
    });
    const stderr = new RedactedBytes(turn.redactor, (bytes) => {
      this.#stderr.push(bytes);
      stderrLines.push(bytes);
    });
    const result = await turn.run(
      {
        argv: await withSeededHome(turn, home, argv),
        env: { ...turn.environment, ...env, ...turnVariables(turn) },
      },
      {
        input,
        holdInput: held,
        timeoutMs: turn.timeoutMs,
        killGraceMs: turn.killGraceMs,
        marker: turn.marker,
        signal: AbortSignal.any([this.#cancelled, this.#watch.signal, this.#over.signal, this.#refused.signal]),
        // What a cell that could not be made says of it.
        maxOutputBytes: TAIL_BYTES,
        onOutput: (chunk, stream) => {
          this.#watch.heard();
          (stream === 'stdout' ? stdout : stderr).push(chunk);
          this.#raw.flush();
        },
        onStarted: (started) => this.#begin(started),
      },
    );
    stdout.end();
    stderr.end();
    stderrLines.end();
    return result;
  }

  #begin(started: StartedProcess): void {
    this.#started = started;
    this.#queue.push({ kind: 'started', pid: started.identity.pid });
    let isFinished = false;
    const io: ProgramIo = {
      write: (line) => started.write(`${line}\n`),
      finish: () => {
        // A program may say a million times that it is done.
        if (isFinished) return;
        isFinished = true;
        started.endInput();
        this.#endIn(FINISH_MS);
      },
    };
    this.#invocation.protocol.begin(io, this.#log.emit);
    this.#callLast();
  }

  #hear(line: string, isCut: boolean): void {
    this.#raw.line(systemClock.nowMs(), 'stdout', this.#turn.redactor.text(line.slice(0, LOGGED_MAX)));
    if (!isCut) this.#invocation.protocol.stdout(line);
    this.#tell();
  }

  #cause(): EndedProgram['cause'] {
    if (this.#cancelled.aborted) return 'cancelled';
    if (this.#refused.signal.aborted) return 'refused';
    if (this.#watch.signal.aborted) return 'idle';
    return this.#over.signal.aborted ? 'over' : 'itself';
  }

  /** A program may try again for hours, and says so each time: nobody else gets its slot meanwhile. */
  #wait(isPending: boolean): void {
    if (this.#patience !== null) clearTimeout(this.#patience);
    this.#patience = isPending ? setTimeout(() => this.#refused.abort(), this.#turn.patienceMs) : null;
  }

  /** What it has made is not to be lost with a turn that its time ends. */
  #callLast(): void {
    const { timeoutMs, lastCallMs, tools } = this.#turn;
    const inMs = timeoutMs - (lastCallMs ?? 0);
    if (lastCallMs === null || inMs > TIMER_MAX_MS) return;
    const timer = setTimeout(() => {
      this.#untold = lastCall(lastCallMs, tools !== null);
      this.#tell();
    }, inMs);
    this.#timers.add(timer);
  }

  #tell(): void {
    const text = this.#untold;
    const { tools } = this.#turn;
    if (text === null || (tools !== null && tools.terminal !== null)) return;
    if (this.#invocation.protocol.steer?.(text) !== true) return;
    this.#untold = null;
    this.#log.emit({ kind: 'told', text });
  }

  /** The agent has said how its work ended: its turn is to end, too. */
  #windUp(): void {
    this.#endIn(WIND_UP_MS);
    if (this.#turn.tools?.terminal?.kind === 'done' || this.#started === null) return;
    if (this.#invocation.protocol.interrupt?.() !== true) this.#endIn(FINISH_MS);
  }

  #endIn(ms: number): void {
    const timer = setTimeout(() => this.#over.abort(), ms);
    this.#timers.add(timer);
  }

  #judge(result: CellResult): Judgement {
    return this.#invocation.protocol.judge({
      code: result.kind === 'exited' ? result.code : null,
      signal: result.kind === 'signalled' ? result.signal : null,
      stderr: this.#stderr.text(),
    });
  }
}

/** The transcript keeps no more of a line. */
const LOGGED_MAX = 128 * 1024;
