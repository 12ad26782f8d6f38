import { runYard } from '../../reconcile/run.ts';
import type { RunEnd } from '../../reconcile/run.ts';
import { Scheduler } from '../../reconcile/scheduler.ts';
import type { CycleReport } from '../../reconcile/scheduler.ts';
import { Wake } from '../../reconcile/wake.ts';
import type { LocalYard } from '../../reconcile/yard.ts';
import type { CommandContext } from '../context.ts';
import { Interrupt } from '../terminal/interrupt.ts';
import { LiveView } from '../run/live-view.ts';
import { standstill } from '../run/standstill.ts';
import { takeCharge } from '../run/take-charge.ts';
import { endAll } from './end-all.ts';
import type { Scenario } from './scenario.ts';
import { StandIn } from './stand-in.ts';

/** Nothing in a demo takes as long on any machine: something hangs. */
const MAX_MS = 10 * 60_000;

/** How a demo has ended; of one that was given up, why nothing more of it could start. */
export interface DemoEnd {
  readonly end: RunEnd;
  readonly stuck: readonly string[];
}

/**
 * Runs the backlog as `yard run` does, with somebody at hand who answers; gives up where nothing could start in the time
 * that a demo has. Leaves no process behind, however it ends.
 */
export async function runDemo(context: CommandContext, yard: LocalYard, scenario: Scenario): Promise<DemoEnd> {
  const { output, compose } = context;
  const wake = new Wake(yard.store);
  const acquired = await Scheduler.acquire(yard, () => wake.call());
  if (acquired.kind === 'held') throw new Error('a yard that was just made has a scheduler already');
  const { scheduler } = acquired;
  // What runs is ended after the first Ctrl-C; that takes a moment, which a second one does not cut short.
  const interrupt = new Interrupt(() => undefined);
  interrupt.signal.addEventListener('abort', () => wake.call());
  const view = new LiveView(output, yard.store, () => compose.clock.nowMs(), 0);
  const standIn = new StandIn(context, scenario, view);
  const onCycle: Parameters<typeof runYard>[2]['onCycle'] = async ({ snapshot, problems }) => {
    if (problems.length > 0) await view.interlude(() => problems.forEach((problem) => output.error(problem)));
    standIn.look(snapshot);
    await view.update(snapshot);
  };
  let end: RunEnd = { kind: 'interrupted' };
  let stuck: readonly string[] = [];
  const until = (report: CycleReport): boolean => {
    const nowMs = compose.clock.nowMs();
    const still = standstill(report, nowMs);
    const isLong = still !== null && (still.untilMs === null || still.untilMs > nowMs + MAX_MS);
    stuck = isLong && !standIn.isAwaited(report.snapshot) ? still.sentences : [];
    return stuck.length > 0;
  };
  try {
    await takeCharge(yard, output);
    view.start();
    do {
      const { signal } = interrupt;
      end = await runYard(scheduler, wake, { clock: compose.clock, maxMs: MAX_MS, signal, onCycle, until });
      // Settled, but for an answer that is being given.
    } while (end.kind === 'settled' && (await standIn.finish()));
    return { end, stuck };
  } finally {
    // Whatever else fails: nothing is left running. Where it has settled, or was given up, nothing runs.
    if (end.kind !== 'settled' && end.kind !== 'enough') await endAll(yard);
    await scheduler.release();
    await standIn.stop();
    await view.stop();
    interrupt.dispose();
  }
}
