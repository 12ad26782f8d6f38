import type { Clock } from '../core/clock.ts';
import { isKilledGit } from '../core/machine-error.ts';
import { faultOf, isPassing } from '../core/machine-fault.ts';
import type { CycleOptions, CycleReport, Scheduler } from './scheduler.ts';
import type { Wake } from './wake.ts';

/** Why a run ended. Plain data: an event keeps it. */
export type RunEnd =
  | { readonly kind: 'settled' }
  /** What `until` waits for has come about; other work may be left. */
  | { readonly kind: 'enough' }
  | { readonly kind: 'stopped'; readonly by: string; readonly why: string }
  | { readonly kind: 'failures'; readonly inARow: number }
  | { readonly kind: 'time-limit'; readonly ms: number }
  | { readonly kind: 'interrupted' }
  | { readonly kind: 'lost' };

export interface RunOptions extends CycleOptions {
  readonly clock: Clock;
  readonly maxMs: number;
  /** The operator's Ctrl-C. */
  readonly signal: AbortSignal;
  /** After each cycle. */
  readonly onCycle: (report: CycleReport) => void | Promise<void>;
  /** The machine has no room for a cycle (a full disk, say), and the run waits; null: it goes on. Once each. */
  readonly onFault?: (error: Error | null) => void | Promise<void>;
  /** Ends the run early, with `enough`: what `drive` and `--sync` wait for. */
  readonly until?: (report: CycleReport) => boolean;
}

/** Repeats the cycle until the work is done, or something ends it. Work that runs goes on by itself. */
export async function runYard(scheduler: Scheduler, wake: Pick<Wake, 'wait'>, options: RunOptions): Promise<RunEnd> {
  const startedMs = options.clock.monotonicMs();
  const signal = AbortSignal.any([options.signal, scheduler.lost]);
  let faults = 0;
  for (;;) {
    if (scheduler.lost.aborted) return lostEnd(scheduler.lost);
    if (options.signal.aborted) return { kind: 'interrupted' };
    const isLate = options.clock.monotonicMs() - startedMs >= options.maxMs;
    const report = await tryCycle(scheduler, isLate ? { ...options, drain: true } : options);
    if (report instanceof Error) {
      if (isLate) return { kind: 'time-limit', ms: options.maxMs };
      if (faults === 0) await options.onFault?.(report);
      faults += 1;
      await pause(wake, signal, options.clock, faults);
      continue;
    }
    if ('kind' in report) return report;
    if (faults > 0) await options.onFault?.(null);
    faults = 0;
    await options.onCycle(report);
    if (options.until?.(report) === true) return { kind: 'enough' };
    const ended = isLate ? ({ kind: 'time-limit', ms: options.maxMs } as const) : endOf(report, options);
    if (ended !== null) return ended;
    await wake.wait(signal);
  }
}

const PAUSE_MS = 500;
const PAUSE_MAX_MS = 8_000;

/** Longer after each fault in a row. */
async function pause(wake: Pick<Wake, 'wait'>, signal: AbortSignal, clock: Clock, faults: number): Promise<void> {
  const untilMs = clock.monotonicMs() + Math.min(PAUSE_MS * 2 ** faults, PAUSE_MAX_MS);
  while (!signal.aborted && clock.monotonicMs() < untilMs) await wake.wait(signal);
}

/** Another scheduler has taken over; a disk that broke under the heartbeat is no such end. */
function lostEnd({ reason }: AbortSignal): RunEnd {
  if (faultOf(reason) === 'disk-broken') throw reason;
  return { kind: 'lost' };
}

/**
 * A cycle, or what ended the run in the midst of it. An error: the machine had no room for it, or its git was killed; the
 * next one may do better.
 * `lost`: another scheduler has taken over, and every write of this
 * one is refused. `interrupted`: Ctrl-C goes to all processes of the terminal, and a git has died of it.
 */
async function tryCycle(
  scheduler: Scheduler,
  options: CycleOptions & Pick<RunOptions, 'signal'>,
): Promise<CycleReport | Error | { readonly kind: 'lost' | 'interrupted' }> {
  try {
    return await scheduler.cycle(options);
  } catch (error) {
    const isStale = error instanceof Error && 'code' in error && error.code === 'stale-token';
    if (isStale && 'resource' in error && error.resource === 'scheduler') return { kind: 'lost' };
    const isCut = isKilledGit(error);
    if (options.signal.aborted && isCut) return { kind: 'interrupted' };
    if (error instanceof Error && (isCut || isPassing(faultOf(error)))) return error;
    throw error;
  }
}

function endOf(report: CycleReport, options: RunOptions): RunEnd | null {
  const { snapshot } = report;
  const busy =
    report.commands.length > 0 ||
    snapshot.train.live ||
    snapshot.tasks.some(({ state }) => state.status === 'running' || state.status === 'landing');
  if (!report.settled && !(options.drain === true && !busy)) return null;
  if (snapshot.stopped !== null) return { kind: 'stopped', by: snapshot.stopped.by, why: snapshot.stopped.why };
  const { failuresInARow, limits, tasks } = snapshot;
  const couldStart = tasks.some(({ state }) => state.status === 'ready');
  if (failuresInARow >= limits.consecutiveFailures && couldStart) return { kind: 'failures', inARow: failuresInARow };
  return { kind: 'settled' };
}
