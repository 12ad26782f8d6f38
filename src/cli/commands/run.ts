import { impossible } from '../../core/impossible.ts';
import { runYard } from '../../reconcile/run.ts';
import type { RunEnd, RunOptions } from '../../reconcile/run.ts';
import { Scheduler } from '../../reconcile/scheduler.ts';
import { sweep } from '../../reconcile/sweep.ts';
import { Wake } from '../../reconcile/wake.ts';
import type { LocalYard } from '../../reconcile/yard.ts';
import type { StoreReader } from '../../store/store.ts';
import { EXIT } from '../context.ts';
import type { CommandContext, ExitCode } from '../context.ts';
import { Interrupt } from '../interrupt.ts';
import { LiveView } from '../live-view.ts';
import { RoomTeller } from '../room-teller.ts';
import { openReady } from '../open-ready.ts';
import { takeCharge } from '../take-charge.ts';
import { counted, formatDuration } from '../table.ts';

const HOUR_MS = 3_600_000;
/** Long enough for a person to look at another branch and come back; see `CycleOptions.goneForMs`. */
const GONE_FOR_MS = 60_000;

/** `yard run`. */
export async function runCommand(context: CommandContext, options: { readonly maxHours?: number }): Promise<ExitCode> {
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
    output.say(`another scheduler drives this yard already: process ${acquired.lease.owner?.pid ?? 'unknown'}`);
    output.say('Watch it with: yard status --watch');
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
  const told = new Set<string>();
  const disk = new RoomTeller(output);
  let isSwept = false;
  try {
    await takeCharge(yard, output);
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
        const problems = report.problems.filter(({ message }) => !told.has(message));
        for (const { message } of problems) told.add(message);
        if (problems.length > 0) await view.interlude(() => problems.forEach((problem) => output.error(problem)));
        await view.interlude(() => disk.look(report.snapshot));
        await view.update(report.snapshot);
      },
      onFault: (error) => view.interlude(() => disk.fault(error)),
    });
    await view.stop();
    return await conclude(context, yard.store, end);
  } finally {
    interrupt.dispose();
    await scheduler.release();
    await view.stop();
  }
}

async function conclude({ output }: CommandContext, reader: StoreReader, end: RunEnd): Promise<ExitCode> {
  const counts = await reader.countByStatus();
  const parts = (
    ['landed', 'accepted', 'landing', 'running', 'ready', 'blocked', 'parked', 'cancelled', 'superseded'] as const
  )
    .filter((status) => counts[status] > 0)
    .map((status) => `${counts[status]} ${status}`);
  output.print(parts.length === 0 ? 'There are no tasks. Add one with: yard add "title"' : parts.join(', '));
  switch (end.kind) {
    case 'settled': {
      const rest =
        counts.ready +
        counts.blocked +
        counts.parked +
        counts.accepted +
        counts.landing +
        counts.proposed +
        counts['in-review'];
      if (rest === 0) return EXIT.ok;
      output.say(`${rest} ${rest === 1 ? 'task needs' : 'tasks need'} a person; see: yard status, yard why ID`);
      return EXIT.personNeeded;
    }
    case 'enough':
      return EXIT.ok;
    case 'stopped':
      output.say(`stopped by ${end.by}: ${end.why.replace(/\.+$/, '')}. Go on with: yard resume && yard run`);
      return EXIT.limit;
    case 'failures':
      output.say(
        `${counted(end.inARow, 'attempt')} failed in a row, so nothing more starts. Look at them with: yard breaker. Go on with: yard breaker reset && yard run`,
      );
      return EXIT.limit;
    case 'time-limit':
      output.say(
        `the time limit of ${formatDuration(end.ms)} is reached, so nothing more starts. ${
          counts.running === 0
            ? 'Nothing runs. Go on with: yard run'
            : `Attempts that run (${counts.running}) go on, and what they make lands. Rejoin with: yard run. End them with: yard stop --now`
        }`,
      );
      return EXIT.limit;
    case 'interrupted':
      output.say(
        counts.running === 0
          ? 'interrupted. Go on with: yard run'
          : `interrupted; attempts that run (${counts.running}) go on, and what they make lands.\nRejoin with: yard run. End them with: yard stop --now`,
      );
      return EXIT.failed;
    case 'lost':
      output.say('another scheduler has taken over this yard');
      return EXIT.failed;
    default:
      throw impossible(end satisfies never);
  }
}
