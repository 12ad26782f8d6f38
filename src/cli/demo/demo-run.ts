import { runYard } from '../../reconcile/run.ts';
import type { RunEnd } from '../../reconcile/run.ts';
import { Scheduler } from '../../reconcile/scheduler.ts';
import { Wake } from '../../reconcile/wake.ts';
import type { LocalYard } from '../../reconcile/yard.ts';
import type { CommandContext } from '../context.ts';
import { Interrupt } from '../terminal/interrupt.ts';
import { LiveView } from '../run/live-view.ts';
import { takeCharge } from '../run/take-charge.ts';
import { endAll } from './end-all.ts';
import type { Scenario } from './scenario.ts';
import { StandIn } from './stand-in.ts';

/** Nothing in a demo takes as long on any machine: something hangs. */
const MAX_MS = 10 * 60_000;

/** Runs the backlog as `yard run` does, with somebody at hand who answers. Leaves no process behind, however it ends. */
export async function runDemo(context: CommandContext, yard: LocalYard, scenario: Scenario): Promise<RunEnd> {
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
  try {
    await takeCharge(yard, output);
    view.start();
    do {
      end = await runYard(scheduler, wake, { clock: compose.clock, maxMs: MAX_MS, signal: interrupt.signal, onCycle });
      // Settled, but for an answer that is being given.
    } while (end.kind === 'settled' && (await standIn.finish()));
    return end;
  } finally {
    // Whatever else fails: nothing is left running.
    if (end.kind !== 'settled') await endAll(yard);
    await scheduler.release();
    await standIn.stop();
    await view.stop();
    interrupt.dispose();
  }
}
