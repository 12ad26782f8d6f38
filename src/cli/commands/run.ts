import { tellDriven } from '../schedule/scheduler.ts';
import { UserError } from '../../core/user-error.ts';
import { runYard } from '../../reconcile/run.ts';
import type { RunOptions } from '../../reconcile/run.ts';
import { Scheduler } from '../../reconcile/scheduler.ts';
import { sweep } from '../../reconcile/sweep.ts';
import { Wake } from '../../reconcile/wake.ts';
import type { LocalYard } from '../../reconcile/yard.ts';
import { EXIT } from '../context.ts';
import type { CommandContext, ExitCode } from '../context.ts';
import type { Output } from '../terminal/output.ts';
import { Interrupt } from '../terminal/interrupt.ts';
import { LiveView } from '../run/live-view.ts';
import { makeNotifier } from '../run/make-notifier.ts';
import { RoomTeller } from '../run/room-teller.ts';
import { StandstillTeller } from '../run/standstill-teller.ts';
import { openReady } from '../run/open-ready.ts';
import { noteRun, tellEnd, tellLanded } from '../run/run-end.ts';
import { StatusFile } from '../status/status-file.ts';
import { takeCharge } from '../run/take-charge.ts';
import { stillHeld } from './pause.ts';

const HOUR_MS = 3_600_000;
/** Long enough for a person to look at another branch and come back; see `CycleOptions.goneForMs`. */
const GONE_FOR_MS = 60_000;
/** A person who has pressed Ctrl-C and sees nothing for longer wonders whether it was heard. */
const SLOW_END_MS = 700;
const SLOW_END = 'the cycle comes to its end first; Ctrl-C once more ends at once';

/** `yard run`. */
export async function runCommand(
  context: CommandContext,
  options: { readonly maxHours?: number; readonly detach?: boolean; readonly json?: boolean },
): Promise<ExitCode> {
  if (options.detach === true) {
    const { detachRun } = await import('../run/detach.ts');
    return detachRun(context, options);
  }
  if (options.json === true) {
    throw new UserError({
      code: 'usage',
      message: '--json is about --detach: a run in the foreground is shown, and told by its exit code',
      hint: 'Add --detach; or follow it with: yard events --json -f',
    });
  }
  const yard = await openReady(context);
  try {
    const { config } = await yard.settings.current();
    const maxMs = options.maxHours === undefined ? config.limits.runMs : options.maxHours * HOUR_MS;
    return await drive(context, yard, { maxMs });
  } finally {
    await yard.store.close();
  }
}

/** Runs cycles until they end, shows them, and says how it went. */
export async function drive(
  context: CommandContext,
  yard: LocalYard,
  options: Pick<RunOptions, 'maxMs' | 'until' | 'drain' | 'noLand' | 'only'>,
): Promise<ExitCode> {
  const { output, compose } = context;
  const wake = new Wake(yard.store);
  const acquired = await Scheduler.acquire(yard, () => wake.call());
  if (acquired.kind === 'held') {
    tellDriven(output, acquired.lease.owner?.pid ?? null);
    return EXIT.ok;
  }
  const { scheduler } = acquired;
  const interrupt = new Interrupt(() => {
    output.say('Ended at once; the work that runs goes on. Rejoin with: yard run');
    process.exit(EXIT.failed);
  });
  interrupt.signal.addEventListener('abort', () => wake.call());
  const [last] = await yard.store.events({ limit: 1, newest: true });
  const view = new LiveView(output, yard.store, () => compose.clock.nowMs(), last?.seq ?? 0);
  const ended = tellSlowEnd(interrupt.signal, () => view.interlude(() => output.say(SLOW_END)));
  const tellProblems = problemTeller(output, view);
  const disk = new RoomTeller(output);
  const still = new StandstillTeller(output);
  const statusFile = new StatusFile(yard, compose.clock);
  let code: ExitCode;
  let isSwept = false;
  const notifier = makeNotifier(context, yard);
  let isTold = false;
  try {
    await takeCharge(yard, output);
    await notifier.open();
    for (const pause of (await yard.store.control()).pauses) output.say(stillHeld(pause));
    view.start();
    const end = await runYard(scheduler, wake, {
      ...options,
      goneForMs: GONE_FOR_MS,
      clock: compose.clock,
      signal: interrupt.signal,
      onCycle: async (report) => {
        // The first cycle has ended what dead attempts left running.
        if (!isSwept) await sweep(yard);
        isSwept = true;
        // It works: whoever has started it in the background waits for this.
        isTold ||= await noteRun(yard.store, 'run.started', { pid: process.pid, afterSeq: last?.seq ?? 0 });
        await tellProblems(report.problems);
        await view.interlude(() => disk.look(report.snapshot));
        await view.interlude(() => still.look(report, compose.clock.nowMs(), options.only));
        await view.update(report.snapshot);
        await statusFile.update(report.snapshot);
        notifier.look(report.snapshot);
      },
      onFault: (error) => view.interlude(() => disk.fault(error)),
    });
    ended();
    await view.stop();
    code = await tellEnd(output, yard.store, end);
    await tellLanded(output, yard.store, last?.seq ?? 0, (await yard.settings.current()).config.target);
    await noteRun(yard.store, 'run.ended', { pid: process.pid, end, exitCode: code });
    await notifier.finish(interrupt.signal.aborted);
  } finally {
    ended();
    interrupt.dispose();
    await scheduler.release();
    await view.stop();
  }
  await statusFile.finish();
  return code;
}

/** Says each of them once. */
function problemTeller(output: Output, view: LiveView): (problems: readonly UserError[]) => Promise<void> {
  const told = new Set<string>();
  return async (all) => {
    const problems = all.filter(({ message }) => !told.has(message));
    for (const { message } of problems) told.add(message);
    if (problems.length > 0) await view.interlude(() => problems.forEach((problem) => output.error(problem)));
  };
}

/** Returns what is to be called at the end. What goes wrong is thrown by the next drawing: it waits for the same queue. */
function tellSlowEnd(signal: AbortSignal, tell: () => Promise<void>): () => void {
  let timer: NodeJS.Timeout | undefined;
  signal.addEventListener('abort', () => {
    timer = setTimeout(() => void tell().catch(() => undefined), SLOW_END_MS);
  });
  return () => clearTimeout(timer);
}
