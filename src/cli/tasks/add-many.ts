import { type Backlog, backlogError } from '../../config/backlog.ts';
import { specsOf } from '../../config/backlog-specs.ts';
import { loadConfig } from '../../config/load.ts';
import { inertLine } from '../../core/inert.ts';
import type { TaskSpec } from '../../core/task.ts';
import { isUserError } from '../../core/user-error.ts';
import { nextTaskId, taskFileName } from '../../trackers/new-task-file.ts';
import { writeTaskFiles } from '../../trackers/task-batch.ts';
import { TASKS_DIRECTORY } from '../../trackers/task-directory.ts';
import { EXIT } from '../context.ts';
import type { CommandContext, ExitCode } from '../context.ts';
import { knownTasks } from './known-tasks.ts';

export interface ManyOptions {
  readonly dryRun?: boolean | undefined;
  readonly json?: boolean | undefined;
}

/** Two people who add at the same moment take turns; more than that is somebody at work on the directory. */
const TRIES = 5;

/** Adds all tasks of a backlog, or none. @throws UserError with all that is wrong. */
export async function addMany(
  context: CommandContext,
  root: string,
  backlog: Backlog,
  { dryRun = false, json = false }: ManyOptions,
): Promise<ExitCode> {
  const { output, env } = context;
  const { config } = await loadConfig(root, env);
  for (let tries = 1; ; tries += 1) {
    const known = await knownTasks(context, root);
    const { specs, problems } = specsOf(backlog.drafts, known, config, counting(known.map(({ id }) => id)));
    const all = [...backlog.problems, ...problems];
    // A slip of a key is told before what follows from it.
    if (all.length > 0) throw backlogError([...(backlog.slips ?? []), ...all]);
    try {
      const paths = dryRun
        ? specs.map((spec) => `${TASKS_DIRECTORY}/${taskFileName(spec)}`)
        : await writeTaskFiles(root, specs);
      for (const note of backlog.notes) output.warn(inertLine(note, 500));
      if (json)
        output.json({
          dryRun,
          tasks: specs.map((spec, index) => ({ path: paths[index], ...spec })),
          notes: backlog.notes,
        });
      else tell(output, specs, paths, dryRun);
      return EXIT.ok;
    } catch (error) {
      // Somebody took one of the ids meanwhile: what was given out is given out anew.
      const isTaken = isUserError(error) && error.code === 'task-exists' && tries < TRIES;
      if (!isTaken) throw error;
    }
  }
}

function tell(
  output: CommandContext['output'],
  specs: readonly TaskSpec[],
  paths: readonly string[],
  dryRun: boolean,
): void {
  for (const [index, spec] of specs.entries()) {
    output.print(`${spec.id}: ${inertLine(spec.title, 200)} (${paths[index] ?? ''})`);
  }
  const count = specs.length === 1 ? '1 task' : `${specs.length} tasks`;
  output.say(dryRun ? `${count} would be added; nothing was written` : `${count} added`);
}

/** Free ids, one after the other. */
function counting(taken: readonly string[]): () => string {
  let last = nextTaskId(taken);
  let isFirst = true;
  return () => {
    if (!isFirst) last = nextTaskId([last]);
    isFirst = false;
    return last;
  };
}
