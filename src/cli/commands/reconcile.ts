import { tellDriven } from '../schedule/scheduler.ts';
import { Frontier } from '../../core/frontier.ts';
import { describeWaiting } from '../../core/waiting.ts';
import { Scheduler } from '../../reconcile/scheduler.ts';
import { sweep } from '../../reconcile/sweep.ts';
import type { CycleReport } from '../../reconcile/scheduler.ts';
import { describeCommand } from '../schedule/command-sentence.ts';
import { EXIT } from '../context.ts';
import type { CommandContext, ExitCode } from '../context.ts';
import { openReady } from '../run/open-ready.ts';
import { drive } from './run.ts';

export interface ReconcileOptions {
  readonly dryRun?: boolean;
  readonly drain?: boolean;
  readonly land?: boolean;
  readonly sync?: boolean;
  readonly json?: boolean;
}

/** `yard reconcile`: one cycle. */
export async function reconcileCommand(context: CommandContext, options: ReconcileOptions): Promise<ExitCode> {
  const cycle = { dryRun: options.dryRun === true, drain: options.drain === true, noLand: options.land === false };
  const yard = cycle.dryRun ? await context.compose.yard(context.cwd) : await openReady(context);
  try {
    if (options.sync === true && !cycle.dryRun) {
      const talk = options.json === true ? { ...context, output: context.output.asTalk() } : context;
      const first = await oneCycle(context, yard, cycle, options.json);
      if (first === null) return EXIT.ok;
      if (options.json === true) printReport(context, first, false, true);
      const dispatched = first.commands.flatMap((command) => (command.kind === 'dispatch' ? [command.taskId] : []));
      const started: ReadonlySet<string> = new Set(dispatched);
      return await drive(talk, yard, {
        ...cycle,
        drain: true,
        maxMs: Infinity,
        until: ({ snapshot, commands }) =>
          commands.length === 0 &&
          !snapshot.train.live &&
          !snapshot.tasks.some(({ id, state }) => started.has(id) && state.status === 'running'),
      });
    }
    const report = await oneCycle(context, yard, cycle, options.json);
    if (report !== null) printReport(context, report, cycle.dryRun, options.json === true);
    return EXIT.ok;
  } finally {
    await yard.store.close();
  }
}

async function oneCycle(
  { output }: CommandContext,
  yard: Parameters<typeof drive>[1],
  cycle: { readonly dryRun: boolean; readonly drain: boolean; readonly noLand: boolean },
  json = false,
): Promise<CycleReport | null> {
  const acquired = await Scheduler.acquire(yard, () => undefined);
  if (acquired.kind === 'held') {
    const pid = acquired.lease.owner?.pid ?? null;
    if (json) {
      output.json({
        dryRun: cycle.dryRun,
        held: { pid },
        imported: { added: [], changed: [], removed: [] },
        commands: [],
      });
    }
    tellDriven(output, pid);
    return null;
  }
  try {
    if (!cycle.dryRun) yard.settings.takeCharge();
    const report = await acquired.scheduler.cycle(cycle);
    if (!cycle.dryRun) await sweep(yard);
    return report;
  } finally {
    await acquired.scheduler.release();
  }
}

function printReport({ output, compose }: CommandContext, report: CycleReport, dryRun: boolean, json: boolean): void {
  for (const problem of report.problems) output.error(problem);
  const { imported, commands } = report;
  if (json) {
    const { added, changed, removed } = imported;
    output.json({ dryRun, held: null, imported: { added, changed, removed }, commands });
    return;
  }
  const would = dryRun ? 'would ' : '';
  if (imported.added.length > 0) output.print(`${would}import ${imported.added.join(', ')}`);
  if (imported.changed.length > 0) output.print(`${would}update ${imported.changed.join(', ')}`);
  if (imported.removed.length > 0)
    output.print(`${would}cancel ${imported.removed.join(', ')} (the task file is gone)`);
  for (const command of commands) output.print(`${would}${describeCommand(command)}`);
  if (commands.length > 0) return;
  output.print('nothing to do now; see: yard status');
  const { ofYard } = new Frontier(report.snapshot, compose.clock.nowMs());
  for (const waiting of ofYard) output.print(describeWaiting(waiting, ''));
}
