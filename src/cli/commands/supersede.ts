import { parseTaskFile } from '../../config/task-file.ts';
import { loadConfig } from '../../config/load.ts';
import { codeOf } from '../../core/error-code.ts';
import { cyclesThrough } from '../../core/graph.ts';
import { isFinal } from '../../core/task-state.ts';
import { tidyChain } from '../../core/agent-spec.ts';
import type { TaskSpec } from '../../core/task.ts';
import { UserError } from '../../core/user-error.ts';
import { inertLine } from '../../core/inert.ts';
import { findRepository } from '../../git/repository.ts';
import type { LocalYard } from '../../reconcile/yard.ts';
import type { StoreReader, TaskRecord, TaskRow } from '../../store/store.ts';
import { hashOf } from '../../trackers/content-hash.ts';
import { readTaskFile } from '../../trackers/task-directory.ts';
import { EXIT } from '../context.ts';
import type { CommandContext, ExitCode } from '../context.ts';
import { findTask, pickId } from '../tasks/find-task.ts';
import { stillParked } from '../tasks/still-parked.ts';
import { endAttemptOf } from '../tasks/on-tasks.ts';
import { knownTasks, withReader } from '../tasks/known-tasks.ts';
import { refuseIncomplete, writeUnderFreeId } from '../tasks/new-task.ts';
import type { AddOptions } from './add.ts';

export interface SupersedeOptions extends Omit<AddOptions, 'supersedes'> {
  readonly by?: string;
}

/** `yard supersede ID --by OTHER`, or with a new task that takes over what is not said of it. */
export async function supersedeCommand(
  context: CommandContext,
  id: string,
  title: string | undefined,
  options: SupersedeOptions,
): Promise<ExitCode> {
  const { by, json, ...said } = options;
  const isNew = title !== undefined || Object.keys(said).length > 0;
  if (isNew === (by !== undefined)) {
    throw new UserError({
      code: 'usage',
      message: isNew
        ? '--by names a task that exists, which takes no title and no options'
        : 'nothing is said of what takes its place',
      hint: `Name a task (--by ID), or say what is to be done instead: yard supersede ${id} "…"`,
    });
  }
  const old = await lookUp(context, id, async (reader) => {
    const task = await findTask(reader, id);
    refuseSettled(task);
    if (by !== undefined) await checkSuccessor(reader, task.spec.id, by);
    return task;
  });
  return by === undefined ? byNewTask(context, old, title, options) : byOther(context, old, by, json === true);
}

async function byOther(context: CommandContext, old: TaskRecord, typed: string, json: boolean): Promise<ExitCode> {
  const yard = await context.compose.yard(context.cwd);
  try {
    const by = (await findTask(yard.store, typed)).spec.id;
    await unlessOvertaken(yard.store.withdraw(old.spec.id, { kind: 'superseded', by }));
    return await tell(context, yard, old, by, { json });
  } finally {
    await yard.store.close();
  }
}

async function byNewTask(
  context: CommandContext,
  old: TaskRecord,
  title: string | undefined,
  options: SupersedeOptions,
): Promise<ExitCode> {
  const { root } = await findRepository(context.cwd);
  const { config } = await loadConfig(root, context.env);
  const draft = successorOf(old.spec, title, options);
  refuseIncomplete(draft, config);
  const known = await knownTasks(context, root);
  // First of all: what keeps the yard from being opened must not leave a file.
  const yard = await context.compose.yard(context.cwd);
  try {
    const { path } = await writeUnderFreeId(root, draft, options.id ?? null, known);
    const file = readTaskFile(root, path);
    if (file === null) throw new Error(`the file that was just written has gone: ${path}`);
    const { spec } = parseTaskFile(file.bytes.toString('utf8'), path);
    await yard.store.importTasks([{ spec, source: { path, hash: hashOf(file.bytes) } }]);
    const isTakenOver = title !== undefined && options.objective === undefined && spec.objective === old.spec.objective;
    return await tell(context, yard, old, spec.id, { json: options.json === true, path, spec, isTakenOver });
  } finally {
    await yard.store.close();
  }
}

/** The new task: what is said, and all else as it was. An objective that only repeated the title follows the new one. */
function successorOf(old: TaskSpec, title: string | undefined, options: SupersedeOptions): Omit<TaskSpec, 'id'> {
  const { id: _id, ...rest } = old;
  const newTitle = title ?? old.title;
  const repeated = old.objective.replace(/\.$/, '') === old.title.replace(/\.$/, '') ? newTitle : old.objective;
  return {
    ...rest,
    title: newTitle,
    objective: options.objective ?? repeated,
    acceptance: options.accept ?? old.acceptance,
    context: options.context ?? old.context,
    owns: options.owns ?? old.owns,
    forbids: options.forbids ?? old.forbids,
    after: options.after ?? old.after,
    area: options.area ?? old.area,
    gate: options.gate ?? old.gate,
    agent: tidyChain(options.agent ?? old.agent ?? ''),
    priority: options.priority ?? old.priority,
    testPolicy: options.testPolicy ?? old.testPolicy,
    supersedes: [old.id],
  };
}

interface Told {
  readonly json: boolean;
  /** Of a new task. */
  readonly path?: string;
  readonly spec?: TaskSpec;
  /** Its objective is the old one, under another title. */
  readonly isTakenOver?: boolean;
}

/** Says what came of it, once the processes of a running attempt are ended. */
async function tell(
  { output }: CommandContext,
  yard: LocalYard,
  old: TaskRecord,
  by: string,
  { json, path, spec, isTakenOver = false }: Told,
): Promise<ExitCode> {
  const { id } = old.spec;
  const state = (await yard.store.task(id))?.state;
  if (state?.status !== 'superseded' || state.by !== by) {
    const taker = (await yard.store.task(by))?.state;
    if (taker?.status === 'superseded') {
      throw new UserError({
        code: 'wrong-state',
        message: `${by} was superseded by ${taker.by} meanwhile, and takes nobody's place; ${id} is ${state?.status ?? 'gone'}`,
        hint: `See how it came to that with: yard why ${by}`,
      });
    }
    throw new UserError({
      code: 'wrong-state',
      message: `${id} is ${state?.status ?? 'gone'} by now and could not be replaced; ${by} stays a task of its own`,
      hint: `If it is not wanted any more: yard cancel ${by}`,
      exitCode: EXIT.failed,
    });
  }
  const pids = await endAttemptOf(yard, id);
  if (json) output.json({ superseded: id, by, survivors: pids, ...(spec && { path, ...spec }) });
  else {
    const made = path === undefined || spec === undefined ? '' : `: ${inertLine(spec.title, 200)} (${path})`;
    output.print(`${id} is superseded by ${by}${made}`);
    if (isTakenOver) output.say(`objective taken over from ${id}; change it with: yard edit ${by} --objective "…"`);
    if ((await yard.store.task(by))?.state.status === 'parked') output.say(stillParked(by));
    if (pids.length > 0) output.warn(`processes of ${id} still run: ${pids.join(', ')}`);
  }
  return EXIT.ok;
}

/** Between the look and the deed it may have landed: what came of it is told from its state. */
async function unlessOvertaken(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (codeOf(error) !== 'illegal-transition') throw error;
  }
}

/** @throws UserError where nothing has run yet: then no task is more than its file. */
async function lookUp<T>(context: CommandContext, id: string, look: (reader: StoreReader) => Promise<T>): Promise<T> {
  const found = await withReader(context, look);
  if (found !== null) return found;
  throw new UserError({
    code: 'no-yard',
    message: 'nothing has run yet: no task is more than its file, which can be changed',
    hint: `Change it: yard edit ${inertLine(id, 60)}`,
  });
}

function refuseSettled({ spec, state }: TaskRecord): void {
  const isSealed = state.status === 'landing' && state.sealed;
  if (!isFinal(state.status) && !isSealed) return;
  throw new UserError({
    code: 'wrong-state',
    message: `${spec.id} is ${state.status}; supersede applies to a task that is not done, and not landing at this very moment`,
    hint: `See how it stands with: yard why ${spec.id}`,
  });
}

/** @throws UserError for one that cannot take the place: it is itself, done without having landed, or waits for the task. */
async function checkSuccessor(reader: StoreReader, id: string, typed: string): Promise<void> {
  const rows = await reader.rows();
  const by = pickId(
    rows.map((row) => row.id),
    typed,
  );
  const row = rows.find((each) => each.id === by);
  if (by === id) {
    throw new UserError({
      code: 'task-on-itself',
      message: `${id} cannot take its own place`,
      hint: 'Name another task.',
    });
  }
  if (row === undefined || isFinal(row.state.status)) {
    throw new UserError({
      code: 'wrong-state',
      message: `${by} is ${row?.state.status ?? 'gone'}; only a task that is not done takes the place of another`,
      hint: `To withdraw ${id} alone: yard cancel ${id}`,
    });
  }
  const cycle = cyclesThrough(rows.map((each) => ({ id: each.id, after: successors(each, rows, id, by) }))).get(by);
  if (cycle === undefined) return;
  throw new UserError({
    code: 'task-cycle',
    message: `${by} waits for ${id}: in its place it would wait for itself (${cycle.join(' → ')})`,
    hint: `Take that dependency away first, such as with: yard edit ${by} --drop-after ${id}`,
  });
}

/** What a task waits for once `id` is superseded by `by`. */
function successors(row: TaskRow, rows: readonly TaskRow[], id: string, by: string): string[] {
  const next = new Map(
    rows.flatMap((each) => (each.state.status === 'superseded' ? [[each.id, each.state.by] as const] : [])),
  ).set(id, by);
  return row.after.map((each) => {
    let end = each;
    for (let steps = 0; next.has(end) && steps <= rows.length; steps += 1) end = next.get(end) ?? end;
    return end;
  });
}
