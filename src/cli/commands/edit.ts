import { editTaskFile } from '../../config/task-edit.ts';
import { parseTaskFile } from '../../config/task-file.ts';
import { isInUse } from '../../core/task-state.ts';
import type { TaskChange } from '../../core/task-change.ts';
import type { TaskSpec } from '../../core/task.ts';
import { isUserError, UserError } from '../../core/user-error.ts';
import { findRepository } from '../../git/repository.ts';
import type { LocalYard } from '../../reconcile/yard.ts';
import { replaceTaskFile } from '../../trackers/replace-task-file.ts';
import { EXIT } from '../context.ts';
import type { CommandContext, ExitCode } from '../context.ts';
import { checkEdits } from '../tasks/check-edit.ts';
import { changeOf, refuseMissing } from '../tasks/edit-options.ts';
import type { EditOptions } from '../tasks/edit-options.ts';
import { changedKeys, describeEdit } from '../tasks/edit-summary.ts';
import { editByHand } from '../tasks/edit-by-hand.ts';
import { stillParked } from '../tasks/still-parked.ts';
import { findOnFile } from '../tasks/task-on-file.ts';
import type { TaskOnFile } from '../tasks/task-on-file.ts';

/** A task file as it is to be. */
export interface PlannedEdit {
  readonly task: TaskOnFile;
  /** Null where the file could not be read as a task before. */
  readonly before: TaskSpec | null;
  readonly after: TaskSpec;
  readonly text: string;
}

/** When an edit holds: at once, at the task's next attempt, or once a run has seen the file. */
type Effect = 'now' | 'next-attempt' | 'next-run' | 'nothing-changed';

/** `yard edit ID…`: with options, changes the files of the tasks in place; without, opens the editor on one. */
export async function editCommand(
  context: CommandContext,
  ids: readonly string[],
  options: EditOptions,
): Promise<ExitCode> {
  const { discard = false } = options;
  const change = changeOf(options);
  const { root } = await findRepository(context.cwd);
  if (change !== null && discard) {
    throw new UserError({
      code: 'usage',
      message: '--discard is about the editor, and takes no other options',
      hint: 'Call it for one task: then it opens your editor.',
    });
  }
  if (change !== null) return changeTasks(context, root, ids, change, options);
  const [id = '', ...others] = ids;
  if (!context.stdin.isTTY || !context.output.isTerminal || others.length > 0) {
    throw new UserError({
      code: 'usage',
      message: others.length > 0 ? 'the editor takes one task at a time' : 'nothing is said of what is to change',
      hint: 'Say it with options (yard edit --help), or call it on a terminal for one task: then it opens your editor.',
    });
  }
  const task = await findOnFile(context, root, id);
  const accept = async (text: string, file: string): Promise<void> => {
    const { spec } = parseTaskFile(text, file);
    const planned = { task, before: specOf(task), after: spec, text };
    if (spec.id !== task.id) throw otherId(task, spec.id);
    await apply(context, root, [planned], options);
  };
  return editByHand(context, task, accept, { afresh: discard });
}

/** `yard priority ID N`. */
export function priorityCommand(context: CommandContext, id: string, priority: number): Promise<ExitCode> {
  return editCommand(context, [id], { priority });
}

/** `yard reassign ID AGENT`. */
export function reassignCommand(context: CommandContext, id: string, agent: string): Promise<ExitCode> {
  return editCommand(context, [id], { agent });
}

async function changeTasks(
  context: CommandContext,
  root: string,
  ids: readonly string[],
  change: TaskChange,
  options: EditOptions,
): Promise<ExitCode> {
  const planned: PlannedEdit[] = [];
  for (const id of ids) {
    const task = await findOnFile(context, root, id);
    if (planned.some((edit) => edit.task.id === task.id)) continue;
    const before = parseTaskFile(task.text, task.path).spec;
    refuseMissing(before, change);
    const { text, spec } = editTaskFile(task.text, change, task.path);
    planned.push({ task, before, after: spec, text });
  }
  return apply(context, root, planned, options);
}

/** Checks all, then writes each, and has the store go by it: a live run does so in its next cycle. */
async function apply(
  context: CommandContext,
  root: string,
  edits: readonly PlannedEdit[],
  { json }: { readonly json?: boolean },
): Promise<ExitCode> {
  const changed = edits.filter(({ task, text }) => text !== task.text);
  await checkEdits(context, root, changed);
  const isKnown = changed.some(({ task }) => task.record !== null);
  // First of all: what keeps the yard from being opened must not leave half of an edit.
  const yard = isKnown ? await context.compose.yard(context.cwd) : null;
  try {
    const told: { edit: PlannedEdit; effect: Effect }[] = [];
    for (const edit of edits) {
      const effect = changed.includes(edit) ? await write(yard, root, edit) : 'nothing-changed';
      told.push({ edit, effect });
      if (json === true) continue;
      context.output.print(sentence(edit, effect));
      if (edit.task.record?.state.status === 'parked') context.output.say(stillParked(edit.task.id));
    }
    if (json === true) {
      const tasks = told.map(({ edit: { task, before, after }, effect }) => ({
        path: task.path,
        effect,
        changed: before === null ? null : changedKeys(before, after),
        ...after,
      }));
      context.output.json({ tasks });
    }
    return EXIT.ok;
  } finally {
    await yard?.store.close();
  }
}

async function write(yard: LocalYard | null, root: string, { task, after, text }: PlannedEdit): Promise<Effect> {
  const { path } = task;
  const hash = await replaceTaskFile(root, path, task.hash, text);
  if (yard === null || task.record === null) return 'next-run';
  await yard.store.importTasks([{ spec: after, source: { path, hash } }]);
  const record = await yard.store.task(task.id);
  return record?.source?.hash === hash ? 'now' : 'next-attempt';
}

function sentence({ task, before, after }: PlannedEdit, effect: Effect): string {
  if (effect === 'nothing-changed') return `${task.id} is like that already; nothing was changed`;
  const what = before === null ? 'rewritten' : describeEdit(before, after) || 'its text';
  return `${task.id}: ${what}${when(task, effect)}`;
}

function when({ record }: TaskOnFile, effect: Effect): string {
  if (effect === 'now') return '';
  if (effect === 'next-run') return ' (it joins at the next run)';
  const status = record?.state.status ?? 'running';
  if (!isInUse(status) || status === 'running') return ' (it is running: this takes effect at its next attempt)';
  return ` (it is ${status}, with its work done: this takes effect only if there is another attempt)`;
}

function specOf({ text, path }: TaskOnFile): TaskSpec | null {
  try {
    return parseTaskFile(text, path).spec;
  } catch (error) {
    // That it is broken is what the editor is opened for.
    if (isUserError(error)) return null;
    throw error;
  }
}

function otherId({ id, path }: TaskOnFile, other: string): UserError {
  return new UserError({
    code: 'task-id',
    message: `the id was changed from ${id} to ${other}; a task keeps its id`,
    hint: `Put ${id} back, or replace the task: yard supersede ${id} "…"`,
    place: { file: path },
  });
}
