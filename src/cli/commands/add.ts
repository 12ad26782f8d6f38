import { LocalTaskSource } from '../../trackers/local-files.ts';
import { nextTaskId, writeTaskFile } from '../../trackers/new-task-file.ts';
import { parseTaskFile } from '../../config/task-file.ts';
import { formatTaskFile } from '../../config/task-file-writer.ts';
import { loadConfig } from '../../config/load.ts';
import { inertLine } from '../../core/inert.ts';
import { cyclesThrough } from '../../core/graph.ts';
import { preflightProblems } from '../../core/preflight.ts';
import { isFinal } from '../../core/task-state.ts';
import { isTaskId, isTwin, taskIdKey } from '../../core/task.ts';
import type { TaskSpec } from '../../core/task.ts';
import { isUserError, UserError } from '../../core/user-error.ts';
import { findRepository } from '../../git/repository.ts';
import { ask, askList } from '../ask.ts';
import { EXIT } from '../context.ts';
import type { CommandContext, ExitCode } from '../context.ts';

export interface AddOptions {
  readonly id?: string;
  readonly objective?: string;
  readonly accept?: readonly string[];
  readonly owns?: readonly string[];
  readonly forbids?: readonly string[];
  readonly after?: readonly string[];
  readonly supersedes?: readonly string[];
  readonly context?: string;
  readonly area?: string;
  readonly gate?: string;
  readonly agent?: string;
  readonly priority?: number;
  readonly testPolicy?: string;
  readonly json?: boolean;
}

/** `yard add`: writes one task file. Everything is checked first; what is wrong changes nothing. */
export async function addCommand(
  context: CommandContext,
  title: string | undefined,
  options: AddOptions,
): Promise<ExitCode> {
  const { output, cwd, env } = context;
  const { root } = await findRepository(cwd);
  const { config } = await loadConfig(root, env);
  const known = await knownTasks(context, root);
  const draft = await complete(context, title, options, config.preflight.requireAcceptance);
  const [problem] = preflightProblems(draft, config);
  if (problem !== undefined) {
    throw new UserError({
      code: 'task-incomplete',
      message: `the task cannot start as it is: ${problem}`,
      hint: 'Say when it is done with: --accept "…". All options: yard add --help',
    });
  }
  const { spec, path } = await writeUnderFreeId(root, draft, options.id ?? null, known);
  if (options.json === true) output.json({ path, ...spec });
  else output.print(`${spec.id}: ${inertLine(spec.title, 200)} (${path})`);
  return EXIT.ok;
}

/** Two people may add at the same moment: whoever finds the id taken takes the next one. */
async function writeUnderFreeId(
  root: string,
  draft: Omit<TaskSpec, 'id'>,
  wanted: string | null,
  known: readonly KnownSpec[],
): Promise<{ spec: TaskSpec; path: string }> {
  const taken = known.map(({ id }) => id);
  for (;;) {
    const spec: TaskSpec = { ...draft, id: wanted ?? nextTaskId(taken) };
    check(spec, known);
    try {
      return { spec, path: await writeTaskFile(root, spec) };
    } catch (error) {
      if (wanted !== null || !isUserError(error) || error.code !== 'task-exists') throw error;
      taken.push(spec.id);
    }
  }
}

interface KnownSpec {
  readonly id: string;
  /** Null where nothing more than the id matters. */
  readonly spec: TaskSpec | null;
  /** False for one that has landed, or was withdrawn. */
  readonly open: boolean;
}

/** All tasks there are: those in files, and those that the store knows. */
async function knownTasks({ compose, cwd }: CommandContext, root: string): Promise<KnownSpec[]> {
  const { imports } = await new LocalTaskSource(root).changes([]);
  const known = new Map<string, KnownSpec>();
  for (const { spec } of imports) known.set(taskIdKey(spec.id), { id: spec.id, spec, open: true });
  try {
    const { reader } = await compose.reading(cwd);
    try {
      for (const row of await reader.rows()) {
        const key = taskIdKey(row.id);
        const open = !isFinal(row.state.status);
        const spec = known.get(key)?.spec ?? (open ? ((await reader.task(row.id))?.spec ?? null) : null);
        known.set(key, { id: row.id, spec, open });
      }
    } finally {
      await reader.close();
    }
  } catch (error) {
    // Nothing has run yet: the files are all there is.
    if (!(error instanceof Error && 'code' in error && error.code === 'no-yard')) throw error;
  }
  return [...known.values()];
}

async function complete(
  { stdin, output }: CommandContext,
  title: string | undefined,
  options: AddOptions,
  needsAcceptance: boolean,
): Promise<Omit<TaskSpec, 'id'>> {
  const asks = stdin.isTTY && output.isTerminal;
  const finalTitle = title ?? (asks ? await ask(stdin, 'Title') : '');
  if (finalTitle.trim() === '') {
    throw new UserError({
      code: 'no-title',
      message: 'the task has no title',
      hint: 'Give it one: yard add "what is to be done"',
    });
  }
  const isBare = options.objective === undefined && options.accept === undefined;
  const objective = options.objective ?? (asks && isBare ? await ask(stdin, 'Objective', finalTitle) : finalTitle);
  let accept = options.accept ?? [];
  if (accept.length === 0 && asks && needsAcceptance) accept = await askList(stdin, 'Acceptance criterion');
  const owns = options.owns ?? (asks && isBare ? await askList(stdin, 'Paths that it may change (empty for any)') : []);
  return {
    title: finalTitle,
    area: options.area ?? null,
    objective,
    acceptance: accept,
    context: options.context ?? '',
    owns,
    forbids: options.forbids ?? [],
    after: options.after ?? [],
    gate: options.gate ?? null,
    agent: options.agent ?? null,
    priority: options.priority ?? 0,
    supersedes: options.supersedes ?? [],
    testPolicy: options.testPolicy ?? null,
    extra: [],
  };
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
