import { nearest } from '../../core/nearest.ts';
import { loadConfig } from '../../config/load.ts';
import type { Config } from '../../config/schema.ts';
import { cyclesThrough } from '../../core/graph.ts';
import { preflightProblems } from '../../core/preflight.ts';
import { taskIdKey } from '../../core/task.ts';
import type { TaskSpec } from '../../core/task.ts';
import { UserError } from '../../core/user-error.ts';
import type { CommandContext } from '../context.ts';
import { knownTasks } from './known-tasks.ts';
import { nearestEntry } from './nearest-entry.ts';

export interface SpecEdit {
  /** Null where it could not be read. */
  readonly before: TaskSpec | null;
  readonly after: TaskSpec;
}

/**
 * Refuses what would keep a task from starting and did not before: an agent or a gate that is not configured, criteria
 * that are gone, dependencies that do not exist or form a cycle. @throws UserError
 */
export async function checkEdits(context: CommandContext, root: string, edits: readonly SpecEdit[]): Promise<void> {
  const { config } = await loadConfig(root, context.env);
  for (const edit of edits) checkStart(edit, config);
  if (edits.every(({ before, after }) => sameEntries(before?.after, after.after))) return;
  const known = await knownTasks(context, root);
  const ids = new Map(known.map(({ id }) => [taskIdKey(id), id]));
  for (const { before, after } of edits) {
    for (const id of after.after) {
      if (ids.has(taskIdKey(id)) || before?.after.includes(id) === true) continue;
      const near = nearest(id, [...ids.values()]);
      throw new UserError({
        code: 'no-such-task',
        message: `there is no task ${id}`,
        hint: near === null ? 'Add it first, or mend the id.' : `Did you mean ${near}?`,
      });
    }
  }
  const edited = new Map(edits.map(({ after }) => [after.id, after]));
  const nodes = known.flatMap(({ id, spec }) => edited.get(id) ?? spec ?? []);
  const cycles = cyclesThrough(nodes);
  const cycle = edits.map(({ after }) => cycles.get(after.id)).find((each) => each !== undefined);
  if (cycle === undefined) return;
  throw new UserError({
    code: 'task-cycle',
    message: `its dependencies would form a cycle: ${cycle.join(' → ')}`,
    hint: 'Leave one of them out.',
  });
}

function checkStart({ before, after }: SpecEdit, config: Config): void {
  const earlier = before === null ? [] : preflightProblems(before, config);
  const problem = preflightProblems(after, config).find((each) => !earlier.includes(each));
  if (problem === undefined) return;
  const near = nearestEntry(after, config);
  throw new UserError({
    code: 'task-incomplete',
    message: `${after.id} could not start so: ${problem}`,
    hint: near === null ? 'See what there is in .yard/config.yaml.' : `Did you mean ${near}?`,
  });
}

function sameEntries(a: readonly string[] | undefined, b: readonly string[]): boolean {
  return a !== undefined && b.every((entry) => a.includes(entry));
}
