import { isFinal } from '../../core/task-state.ts';
import { inertLine } from '../../core/inert.ts';
import type { LocalYard } from '../../reconcile/yard.ts';
import { LocalTaskSource } from '../../trackers/local-files.ts';
import { EXIT } from '../context.ts';
import type { CommandContext, ExitCode } from '../context.ts';
import { findTask, pickId } from '../tasks/find-task.ts';
import { openReady } from '../run/open-ready.ts';
import { drive } from './run.ts';

/** `yard drive ID`: runs this one task until it has landed, or needs a person. No other is started. */
export async function driveCommand(context: CommandContext, typed: string): Promise<ExitCode> {
  const yard = await openReady(context);
  try {
    const id = await exactId(yard, typed);
    const before = await yard.store.task(id);
    if (before !== null && isFinal(before.state.status)) {
      context.output.say(`${id} is ${before.state.status} already; nothing is left to do for it`);
      return EXIT.ok;
    }
    const { config } = await yard.settings.current();
    const { compose } = context;
    const code = await drive(context, yard, {
      maxMs: config.limits.runMs,
      only: id,
      until: ({ snapshot, commands }) => {
        const task = snapshot.tasks.find((entry) => entry.id === id);
        if (task === undefined || task.state.status === 'blocked' || task.state.status === 'parked') return true;
        const isIdle = commands.length === 0 && !snapshot.train.live && snapshot.leases.length === 0;
        return isIdle && task.state.status === 'ready' && (task.state.notBeforeMs ?? 0) <= compose.clock.nowMs();
      },
    });
    const task = await findTask(yard.store, id);
    if (code !== EXIT.ok && code !== EXIT.personNeeded) return code;
    if (isFinal(task.state.status)) return EXIT.ok;
    const { stopped } = await yard.store.control();
    if (stopped !== null) {
      context.output.say(`stopped by ${stopped.by}: ${inertLine(stopped.why, 200)}. Go on with: yard resume`);
      return EXIT.limit;
    }
    context.output.say(`${id} is ${task.state.status}; see: yard why ${id}`);
    return EXIT.personNeeded;
  } finally {
    await yard.store.close();
  }
}

/** Of the tasks in the store, and of those that the first cycle will import. */
async function exactId({ store, repository }: LocalYard, typed: string): Promise<string> {
  const rows = await store.rows();
  const { imports } = await new LocalTaskSource(repository.root).changes(rows);
  return pickId([...rows.map(({ id }) => id), ...imports.map(({ spec }) => spec.id)], typed);
}
