import type { KnownSpec } from '../../config/backlog-specs.ts';
import { parseTaskFile } from '../../config/task-file.ts';
import { formatTaskFile } from '../../config/task-file-writer.ts';
import type { Config } from '../../config/schema.ts';
import { cyclesThrough } from '../../core/graph.ts';
import { preflightProblems } from '../../core/preflight.ts';
import { isTaskId, isTwin, taskIdKey } from '../../core/task.ts';
import type { TaskSpec } from '../../core/task.ts';
import { isUserError, UserError } from '../../core/user-error.ts';
import { nextTaskId, taskFileName, writeTaskFile } from '../../trackers/new-task-file.ts';
import { undoUnfinished } from '../../trackers/task-batch.ts';
import { TASKS_DIRECTORY } from '../../trackers/task-directory.ts';
import { nearestEntry } from './nearest-entry.ts';

/** @throws UserError for a task that could not start as it is. */
export function refuseIncomplete(draft: Omit<TaskSpec, 'id'>, config: Config): void {
  const [problem] = preflightProblems(draft, config);
  if (problem !== undefined) {
    const near = nearestEntry(draft, config);
    const other = near === null ? 'Name one that is known, or none for the default.' : `Did you mean ${near}?`;
    throw new UserError({
      code: 'task-incomplete',
      message: `the task cannot start as it is: ${problem}`,
      hint: /acceptance|objective/.test(problem)
        ? 'Say when it is done with: --accept "…". All options: yard add --help'
        : other,
    });
  }
}

/** Two people may add at the same moment: whoever finds the id taken takes the next one. */
export async function writeUnderFreeId(
  root: string,
  draft: Omit<TaskSpec, 'id'>,
  wanted: string | null,
  known: readonly KnownSpec[],
  dryRun = false,
): Promise<{ spec: TaskSpec; path: string }> {
  if (!dryRun) await undoUnfinished(root);
  const taken = known.map(({ id }) => id);
  for (;;) {
    const spec: TaskSpec = { ...draft, id: wanted ?? nextTaskId(taken) };
    check(spec, known);
    try {
      const path = `${TASKS_DIRECTORY}/${taskFileName(spec)}`;
      return { spec, path: dryRun ? path : await writeTaskFile(root, spec) };
    } catch (error) {
      if (wanted !== null || !isUserError(error) || error.code !== 'task-exists') throw error;
      taken.push(spec.id);
    }
  }
}

/** @throws UserError for a task whose place nothing can take any more. */
function refuseDone(id: string, entry: KnownSpec | undefined): void {
  if (entry?.open !== false) return;
  throw new UserError({
    code: 'wrong-state',
    message: `${entry.id} is done (see: yard show ${entry.id}), and nothing takes its place any more`,
    hint: `Leave out --supersedes ${id}.`,
  });
}

function check(spec: TaskSpec, known: readonly KnownSpec[]): void {
  if (!isTaskId(spec.id)) {
    throw new UserError({
      code: 'task-id',
      message: `${JSON.stringify(spec.id.slice(0, 60))} is not a task id`,
      hint: 'Ids look like TASK-0001: a word, a dash, a number.',
    });
  }
  // The file would be refused when it is read: say so now.
  parseTaskFile(formatTaskFile(spec), `${spec.id}.md`);
  const byKey = new Map(known.map((entry) => [taskIdKey(entry.id), entry]));
  if (byKey.has(taskIdKey(spec.id))) {
    throw new UserError({
      code: 'task-exists',
      message: `there is a task ${spec.id} already`,
      hint: 'Take another id, or none for the next free one.',
    });
  }
  for (const id of [...spec.after, ...spec.supersedes]) {
    if (byKey.has(taskIdKey(id))) continue;
    throw new UserError({
      code: 'no-such-task',
      message: `there is no task ${id}`,
      hint: 'Add it first, or mend the id.',
    });
  }
  for (const id of spec.supersedes) refuseDone(id, byKey.get(taskIdKey(id)));
  const twin = known.find(
    (entry) => entry.open && entry.spec !== null && isTwin(entry.spec, spec) && !spec.supersedes.includes(entry.id),
  );
  if (twin !== undefined) {
    throw new UserError({
      code: 'task-twin',
      message: `${twin.id} asks for the same already: same objective, same owned paths`,
      hint: `To replace it, add: --supersedes ${twin.id}`,
    });
  }
  const cycle = cyclesThrough([...known.flatMap((entry) => entry.spec ?? []), spec]).get(spec.id);
  if (cycle !== undefined) {
    throw new UserError({
      code: 'task-cycle',
      message: `its dependencies form a cycle: ${cycle.join(' → ')}`,
      hint: 'Mend --after.',
    });
  }
}
