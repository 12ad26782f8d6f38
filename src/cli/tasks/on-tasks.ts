import { codeOf } from '../../core/error-code.ts';
import { inertLine } from '../../core/inert.ts';
import { isUserError, UserError } from '../../core/user-error.ts';
import { endKills } from '../../reconcile/kills.ts';
import type { LocalYard } from '../../reconcile/yard.ts';
import { openKills } from '../../store/open-kills.ts';
import type { TaskRecord } from '../../store/store.ts';
import { EXIT } from '../context.ts';
import type { CommandContext, ExitCode } from '../context.ts';
import { findTask } from './find-task.ts';

/** What a command does to a task. */
export interface TaskAct {
  /** Throws where it does not apply. Asked of all tasks before anything is done to one. */
  readonly check: (task: TaskRecord) => void;
  /** Does it; what to say of it, in a sentence. */
  readonly act: (yard: LocalYard, task: TaskRecord) => Promise<string>;
  /** Nobody has named them: one to which it does not apply any more is left out, and holds up no other. */
  readonly isForAll?: boolean;
}

/** Does the same to each of these tasks, or, where one is unknown or not in the right state, nothing at all. */
export async function onTasks(
  context: CommandContext,
  typed: readonly string[],
  { json = false }: { readonly json?: boolean },
  { check, act, isForAll = false }: TaskAct,
): Promise<ExitCode> {
  await refuseUnknown(context, typed);
  const yard = await context.compose.yard(context.cwd);
  try {
    const tasks = new Map<string, TaskRecord>();
    for (const id of typed) {
      const task = await findTask(yard.store, id);
      if (isForAll && !applies(check, task)) continue;
      check(task);
      tasks.set(task.spec.id, task);
    }
    const done: { id: string; status: string; message: string }[] = [];
    for (const task of tasks.values()) {
      const message = await unlessOvertaken(yard, task, act, isForAll);
      if (message === null) continue;
      if (!json) context.output.print(message);
      const { state } = await findTask(yard.store, task.spec.id);
      done.push({ id: task.spec.id, status: state.status, message });
    }
    if (json) context.output.json({ tasks: done });
    return EXIT.ok;
  } finally {
    await yard.store.close();
  }
}

/** Where nothing has run yet, or a task does not exist, nothing is made either. */
async function refuseUnknown({ compose, cwd }: CommandContext, typed: readonly string[]): Promise<void> {
  const { reader, location } = await compose.reading(cwd);
  try {
    for (const id of typed) await findTask(reader, id, location);
  } finally {
    await reader.close();
  }
}

function applies(check: TaskAct['check'], task: TaskRecord): boolean {
  try {
    check(task);
    return true;
  } catch (error) {
    if (isUserError(error) && error.code === 'wrong-state') return false;
    throw error;
  }
}

/** Between the look and the act somebody else may have decided: then it is said what they did, or null. */
async function unlessOvertaken(
  yard: LocalYard,
  task: TaskRecord,
  act: TaskAct['act'],
  isForAll: boolean,
): Promise<string | null> {
  try {
    return await act(yard, task);
  } catch (error) {
    if (codeOf(error) !== 'illegal-transition') throw error;
    if (isForAll) return null;
    const { id } = task.spec;
    const { state } = await findTask(yard.store, id);
    throw new UserError({
      code: 'overtaken',
      message: `${id} has changed while you decided: it was ${task.state.status}, and is ${state.status} now`,
      hint: `See how it came to that with: yard why ${id}`,
    });
  }
}

/** "X is running; VERB applies to a task that is WHEN." */
export function notNow(task: TaskRecord, verb: string, when: string): UserError {
  return new UserError({
    code: 'wrong-state',
    message: `${task.spec.id} is ${task.state.status}; ${verb} applies to a task that is ${when}`,
    hint: `See why with: yard why ${task.spec.id}`,
  });
}

/** Ends the attempt of a task that was withdrawn. Returns the processes that cannot be ended. */
export async function endAttemptOf(yard: LocalYard, taskId: string): Promise<readonly number[]> {
  const kills = openKills(await yard.store.openIntents());
  const own = kills.filter(({ subject }) => subject.of === 'attempt' && subject.taskId === taskId);
  return (await endKills(yard, own)).flatMap(({ pids }) => pids);
}

/** @throws UserError `empty-why`. */
export function checkWhy(why: string | undefined): void {
  if (why === undefined || inertLine(why, 10) !== '') return;
  throw new UserError({ code: 'empty-why', message: '--why is empty', hint: 'Say why, or leave it out.' });
}
