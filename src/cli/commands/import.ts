import { resolve } from 'node:path';
import { loadConfig } from '../../config/load.ts';
import { taskIdKey } from '../../core/task.ts';
import { findRepository } from '../../git/repository.ts';
import { type ForeignSystem, readForeign } from '../../trackers/foreign-backlog.ts';
import type { CommandContext, ExitCode } from '../context.ts';
import { addMany } from '../tasks/add-many.ts';
import type { ManyOptions } from '../tasks/add-many.ts';
import { knownTasks } from '../tasks/known-tasks.ts';

export interface ImportOptions extends ManyOptions {
  /** Criteria of tasks that have none there. */
  readonly accept?: readonly string[];
}

/** `yard import SYSTEM PATH`: the tasks of another orchestrator that are not done; all, or none. */
export async function importCommand(
  context: CommandContext,
  system: ForeignSystem,
  path: string,
  { accept = [], ...options }: ImportOptions,
): Promise<ExitCode> {
  const { root } = await findRepository(context.cwd);
  const { config } = await loadConfig(root, context.env);
  const known = await knownTasks(context, root);
  const gates = Object.fromEntries(Object.entries(config.gates).map(([name, { run }]) => [name, run]));
  const taken = new Set(known.map(({ id }) => taskIdKey(id)));
  const backlog = readForeign(system, resolve(context.cwd, path), { taken, gates });
  const drafts = backlog.drafts.map((draft) =>
    draft.spec.acceptance.length > 0 ? draft : { ...draft, spec: { ...draft.spec, acceptance: accept } },
  );
  return addMany(context, root, { ...backlog, drafts }, options);
}
