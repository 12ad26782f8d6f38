import { listPaths } from '../../core/decision.ts';
import { inertLine } from '../../core/inert.ts';
import { UserError } from '../../core/user-error.ts';
import type { TaskRecord } from '../../store/store.ts';
import type { CommandContext, ExitCode } from '../context.ts';
import { notNow, onTasks } from '../tasks/on-tasks.ts';

interface Options {
  readonly json?: boolean;
}

/** `yard answer ID "text"`. */
export function answerCommand(context: CommandContext, id: string, text: string, options: Options): Promise<ExitCode> {
  return onTasks(context, [id], options, {
    check: (task) => {
      if (task.state.status !== 'blocked' || task.state.on.kind !== 'question')
        throw notNow(task, 'answer', 'blocked on a question');
      if (text.trim() === '')
        throw new UserError({ code: 'empty-answer', message: 'the answer is empty', hint: 'Say something.' });
    },
    act: async ({ store }, { spec }) => {
      await store.answer(spec.id, text);
      return `${spec.id} is ready again; its next attempt gets the answer`;
    },
  });
}

const PATHS_MAX = 20;
const PATHS_LENGTH_MAX = 2_000;
const HASH_MIN = 8;

/** `yard approve ID [HASH]`: with a hash (8 characters or more of it), only if exactly that waits. */
export function approveCommand(
  context: CommandContext,
  id: string,
  hash: string | undefined,
  options: Options,
): Promise<ExitCode> {
  return onTasks(context, [id], options, {
    check: (task) => {
      const on = approvalOf(task);
      if (on === null) throw notNow(task, 'approve', 'blocked on an approval');
      refuseOther(task, on.hash, hash);
    },
    act: async ({ store }, task) => {
      const on = approvalOf(task);
      if (on === null) throw new Error(`${task.spec.id} waits for no approval`);
      await store.approve(task.spec.id, on.hash);
      const named = inertLine(listPaths(on.paths, PATHS_MAX), PATHS_LENGTH_MAX);
      return `${task.spec.id}: approved ${named} as in ${on.hash.slice(0, 12)}; it goes on to its gate`;
    },
  });
}

/** `yard refuse ID [HASH]`: parks it. */
export function refuseCommand(
  context: CommandContext,
  id: string,
  hash: string | undefined,
  options: Options,
): Promise<ExitCode> {
  return onTasks(context, [id], options, {
    check: (task) => {
      if (task.state.status !== 'blocked') throw notNow(task, 'refuse', 'blocked');
      const on = approvalOf(task);
      if (on !== null) refuseOther(task, on.hash, hash);
    },
    act: async ({ store }, { spec }) => {
      await store.transition(spec.id, { kind: 'refused', why: 'a person refused it' });
      return `${spec.id} is parked; its work is kept. Put it back with: yard unpark ${spec.id}`;
    },
  });
}

function approvalOf({ state }: TaskRecord): { readonly hash: string; readonly paths: readonly string[] } | null {
  return state.status === 'blocked' && state.on.kind === 'approval' ? state.on : null;
}

function refuseOther(task: TaskRecord, waiting: string, typed: string | undefined): void {
  if (typed === undefined || (typed.length >= HASH_MIN && waiting.startsWith(typed.toLowerCase()))) return;
  if (typed.length < HASH_MIN) {
    throw new UserError({
      code: 'hash-short',
      message: `${inertLine(typed, 20)} is too short: of a hash, ${HASH_MIN} characters or more are compared`,
      hint: `Look at what waits, and its hash, with: yard why ${task.spec.id}`,
    });
  }
  throw new UserError({
    code: 'hash-mismatch',
    message: `${typed} is not what waits for approval in ${task.spec.id}; that is ${waiting.slice(0, 12)}`,
    hint: `Look at it with: yard diff ${task.spec.id}`,
  });
}
