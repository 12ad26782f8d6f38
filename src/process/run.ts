// Runs a program to completion.
//
// R1. The promise settles once the leader has ended and its output is read; whoever else holds the streams cannot delay
//     it for long. A leader that even SIGKILL does not end is reported in `survivors`.
// R2. With a session, nothing of the tree outlives the call unless it is reported in `survivors`.
// R3. What ended the leader decides `kind`: a timeout that comes after its exit changes nothing.

import type { ChildProcess } from 'node:child_process';
import { closeSync } from 'node:fs';
import type { ProcessIdentity } from '../core/process-identity.ts';
import { Capture, type OnOutput } from './capture.ts';
import { systemClock } from './clock.ts';
import { errnoOf } from './errno.ts';
import { launch, spawnFailure } from './launch.ts';
import { openLogFile } from './log-file.ts';
import { type Owner, writingFor } from './owner.ts';
import type { ProcessEnd, ProcessResult } from './process-result.ts';
import { Stop } from './stop.ts';
import { MARKER_VARIABLE } from './table.ts';
import { killTree } from './tree.ts';

/** Where a stream goes instead of into the result: a file to append to (made with mode 0600), or an open descriptor. */
export type OutputTarget = string | number;

export interface RunOptions {
  readonly cwd: string;
  /** The whole environment: nothing is inherited. See `allowedEnvironment`. */
  readonly env: Readonly<Record<string, string>>;
  /** Written to stdin; without it (and without `holdInput`) stdin is /dev/null. */
  readonly input?: string | Buffer | undefined;
  /** Keeps stdin open after `input`, for `StartedProcess.write`. */
  readonly holdInput?: boolean | undefined;
  readonly timeoutMs?: number | undefined;
  /** Between SIGTERM and SIGKILL, on timeout, on abort, and for what the leader left behind. */
  readonly killGraceMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Kept in the result, of each stream; more is cut out of the middle. */
  readonly maxOutputBytes?: number | undefined;
  /** Not bounded: the program writes to these itself. */
  readonly output?:
    | { readonly stdout?: OutputTarget | undefined; readonly stderr?: OutputTarget | undefined }
    | undefined;
  /** Every chunk as it comes. When it throws, the tree is killed and `runProcess` rejects with what was thrown. */
  readonly onOutput?: OnOutput | undefined;
  /** Called before any output is read. */
  readonly onStarted?: ((started: StartedProcess) => void) | undefined;
  /** Whether the program gets a session of its own, which is killed when its leader ends. Default true. */
  readonly session?: boolean | undefined;
  /** Opens descriptor 3 to the program, for a short report of its own; it comes back in the result. */
  readonly reports?: boolean | undefined;
  /** Put into the environment as `YARD_MARKER`, so that what leaves the session is found too. */
  readonly marker?: string | undefined;
  /** Whom the files that the program makes belong to; it passes by permissions as we do. Needs root, and `setpriv`. */
  readonly owner?: Owner | null | undefined;
}

export interface StartedProcess {
  readonly identity: ProcessIdentity;
  /** Writes to stdin, with `holdInput`; does nothing once the program has closed it, or while too much waits to be read. */
  readonly write: (data: string | Buffer) => void;
  readonly endInput: () => void;
}

const KILL_GRACE_MS = 5_000;
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;
/** Of what a program does not read. It may ask without end, and never read an answer. */
const INPUT_WAITING_MAX = 64 * 1024 * 1024;

/**
 * Runs a program and waits for its end. Whatever happens to the program is a value; rejects only with what a callback
 * threw. `file` is looked up in the `PATH` of `options.env`.
 */
export async function runProcess(file: string, args: readonly string[], options: RunOptions): Promise<ProcessResult> {
  const startedMs = systemClock.monotonicMs();
  const stop = new Stop();
  const capture = new Capture(options.maxOutputBytes ?? MAX_OUTPUT_BYTES, (chunk, stream) =>
    stop.guard(() => options.onOutput?.(chunk, stream)),
  );
  const finish = (end: ProcessEnd, survivors: readonly number[]): ProcessResult => ({
    ...end,
    stdout: capture.stdout.toBuffer(),
    stderr: capture.stderr.toBuffer(),
    stdoutTruncated: capture.stdout.cutBytes > 0,
    stderrTruncated: capture.stderr.cutBytes > 0,
    report: capture.report.toBuffer().toString('utf8'),
    durationMs: systemClock.monotonicMs() - startedMs,
    survivors,
  });
  if (options.signal?.aborted === true) return finish({ kind: 'cancelled' }, []);

  const launched = await start(file, args, options);
  if (launched.kind === 'spawn-failed') return finish(launched, []);
  const { child, identity } = launched;
  const exited = exitOf(child);
  feed(child, options, identity, stop);
  capture.watch(child.stdout, 'stdout');
  capture.watch(child.stderr, 'stderr');
  capture.watchReport(child.stdio[3] ?? null);
  const { end, survivors } = await endOf(exited, identity, options, capture, stop);
  capture.destroy();
  child.stdin?.destroy();
  child.unref();
  stop.rethrow();
  return finish(end, survivors);
}

/** Waits for the end, or brings it about, and sees to it that nothing is left. */
async function endOf(
  exited: Promise<ProcessEnd>,
  leader: ProcessIdentity,
  options: RunOptions,
  capture: Capture,
  stop: Stop,
): Promise<{ end: ProcessEnd; survivors: readonly number[] }> {
  const disarm = stop.arm(options.timeoutMs, options.signal);
  const stopped = stop.wanted.then((reason) => ({ isStopped: true, reason }));
  const { isStopped, reason } = await Promise.race([
    exited.then((end) => ({ isStopped: false, reason: end })),
    stopped,
  ]);
  disarm();
  // What the leader left running may be about to end by itself, with the last of the output.
  if (!isStopped) await capture.settle();
  let survivors: readonly number[] = [];
  if (isStopped || options.session !== false) {
    const graceMs = options.killGraceMs ?? KILL_GRACE_MS;
    ({ survivors } = await killTree({ leader, marker: options.marker ?? null, graceMs }));
  }
  if (!survivors.includes(leader.pid)) await exited;
  await capture.settle();
  return { end: reason === 'threw' ? { kind: 'cancelled' } : reason, survivors };
}

function exitOf(child: ChildProcess): Promise<ProcessEnd> {
  const { promise, resolve } = Promise.withResolvers<ProcessEnd>();
  child.once('exit', (code, signal) =>
    resolve(signal === null ? { kind: 'exited', code: code ?? -1 } : { kind: 'signalled', signal }),
  );
  return promise;
}

/** Opens the output files, starts the program, and closes them again: the program has its own descriptors by then. */
async function start(file: string, args: readonly string[], options: RunOptions): ReturnType<typeof launch> {
  const { cwd, marker, output, owner, session = true } = options;
  const [program, words] = owner ? writingFor(owner, file, args) : [file, args];
  const env = marker === undefined ? options.env : { ...options.env, [MARKER_VARIABLE]: marker };
  const opened: number[] = [];
  const open = (target: OutputTarget | undefined): number | 'pipe' => {
    if (typeof target !== 'string') return target ?? 'pipe';
    const descriptor = openLogFile(target);
    opened.push(descriptor);
    return descriptor;
  };
  try {
    const stdin = options.input === undefined && options.holdInput !== true ? 'ignore' : 'pipe';
    const report = options.reports === true ? ['pipe' as const] : [];
    const stdio = [stdin, open(output?.stdout), open(output?.stderr), ...report] as const;
    return await launch(program, words, { cwd, env, session, stdio: [...stdio] });
  } catch (error) {
    return spawnFailure(error, program, cwd);
  } finally {
    for (const descriptor of opened) closeSync(descriptor);
  }
}

function feed(child: ChildProcess, options: RunOptions, identity: ProcessIdentity, stop: Stop): void {
  const { stdin } = child;
  stdin?.on('error', (error) => {
    // A program may end, or close its stdin, without having read it: that is its right, and its exit tells the rest.
    const code = errnoOf(error);
    if (code !== 'EPIPE' && code !== 'ECONNRESET' && code !== 'ERR_STREAM_DESTROYED') stop.threw(error);
  });
  const write = (data: string | Buffer): void => {
    if (stdin?.writable === true && stdin.writableLength <= INPUT_WAITING_MAX) stdin.write(data);
  };
  const endInput = (): void => void stdin?.end();
  if (options.input !== undefined) write(options.input);
  if (options.holdInput !== true) endInput();
  stop.guard(() => options.onStarted?.({ identity, write, endInput }));
}
