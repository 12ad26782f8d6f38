import { listPaths } from '../../core/decision.ts';
import { inertLine } from '../../core/inert.ts';
import { UserError } from '../../core/user-error.ts';
import { resolve, setRefs } from '../../git/depot.ts';
import { toRefName } from '../../git/repository.ts';
import { readTarget } from '../../git/target.ts';
import { fetchIntoDepot, TARGET_RECORD } from '../../git/target-sync.ts';
import { endKills } from '../../reconcile/kills.ts';
import type { LocalYard } from '../../reconcile/yard.ts';
import { openKills } from '../../store/open-kills.ts';
import type { TaskRecord } from '../../store/store.ts';
import { EXIT } from '../context.ts';
import type { CommandContext, ExitCode } from '../context.ts';
import { findTask } from '../find-task.ts';
import { stopNow } from './stop-now.ts';

/** Opens the yard, finds the task, and turns "not in that state" into a sentence. */
async function steer(
  context: CommandContext,
  id: string,
  act: (yard: LocalYard, task: TaskRecord) => Promise<string>,
): Promise<ExitCode> {
  await refuseUnknown(context, id);
  const yard = await context.compose.yard(context.cwd);
  try {
    const task = await findTask(yard.store, id);
    context.output.print(await act(yard, task));
    return EXIT.ok;
  } finally {
    await yard.store.close();
  }
}

/** Where nothing has run yet, or the task does not exist, nothing is made either. */
async function refuseUnknown({ compose, cwd }: CommandContext, id: string): Promise<void> {
  const { reader } = await compose.reading(cwd);
  try {
    await findTask(reader, id);
  } finally {
    await reader.close();
  }
}

function notNow(task: TaskRecord, verb: string, when: string): UserError {
  return new UserError({
    code: 'wrong-state',
    message: `${task.spec.id} is ${task.state.status}; ${verb} applies to a task that is ${when}`,
    hint: `See why with: yard why ${task.spec.id}`,
  });
}

/** `yard answer ID "text"`. */
export function answerCommand(context: CommandContext, id: string, text: string): Promise<ExitCode> {
  return steer(context, id, async (yard, task) => {
    if (task.state.status !== 'blocked' || task.state.on.kind !== 'question')
      throw notNow(task, 'answer', 'blocked on a question');
    if (text.trim() === '')
      throw new UserError({ code: 'empty-answer', message: 'the answer is empty', hint: 'Say something.' });
    await yard.store.answer(task.spec.id, text);
    return `${task.spec.id} is ready again; its next attempt gets the answer`;
  });
}

const PATHS_MAX = 20;
const PATHS_LENGTH_MAX = 2_000;

/** `yard approve ID [HASH]`: with a hash (12 characters or more of it), only if exactly that waits. */
export function approveCommand(context: CommandContext, id: string, hash: string | undefined): Promise<ExitCode> {
  return steer(context, id, async (yard, task) => {
    if (task.state.status !== 'blocked' || task.state.on.kind !== 'approval')
      throw notNow(task, 'approve', 'blocked on an approval');
    const { hash: waiting, paths } = task.state.on;
    if (hash !== undefined && (hash.length < 8 || !waiting.startsWith(hash.toLowerCase()))) {
      throw new UserError({
        code: 'hash-mismatch',
        message: `${hash} is not what waits for approval in ${task.spec.id}; that is ${waiting.slice(0, 12)}`,
        hint: `Look at it with: yard diff ${task.spec.id}`,
      });
    }
    await yard.store.approve(task.spec.id, waiting);
    const named = inertLine(listPaths(paths, PATHS_MAX), PATHS_LENGTH_MAX);
    return `${task.spec.id}: approved ${named} as in ${waiting.slice(0, 12)}; it goes on to its gate`;
  });
}

/** `yard refuse ID`: parks it. */
export function refuseCommand(context: CommandContext, id: string, hash: string | undefined): Promise<ExitCode> {
  return steer(context, id, async (yard, task) => {
    if (task.state.status !== 'blocked') throw notNow(task, 'refuse', 'blocked');
    if (hash !== undefined && task.state.on.kind === 'approval' && !task.state.on.hash.startsWith(hash.toLowerCase())) {
      throw new UserError({
        code: 'hash-mismatch',
        message: `${hash} is not what waits in ${task.spec.id}`,
        hint: `Look at it with: yard diff ${task.spec.id}`,
      });
    }
    await yard.store.transition(task.spec.id, { kind: 'refused', why: 'a person refused it' });
    return `${task.spec.id} is parked; its work is kept. Put it back with: yard retry ${task.spec.id}`;
  });
}

/** `yard retry ID`: a parked task starts again with all its retries. */
export function retryCommand(context: CommandContext, id: string): Promise<ExitCode> {
  return steer(context, id, async (yard, task) => {
    if (task.state.status !== 'parked') throw notNow(task, 'retry', 'parked');
    await yard.store.transition(task.spec.id, { kind: 'unparked' });
    return `${task.spec.id} is ready again, with all its retries`;
  });
}

/** `yard cancel ID`: ends its attempt, if one runs; its work is kept. */
export function cancelCommand(context: CommandContext, id: string): Promise<ExitCode> {
  return steer(context, id, async (yard, task) => {
    const { state, spec } = task;
    if (state.status === 'landing' && state.sealed) throw notNow(task, 'cancel', 'not landing at this very moment');
    if (state.status === 'landed' || state.status === 'cancelled' || state.status === 'superseded') {
      throw notNow(task, 'cancel', 'not done yet');
    }
    await yard.store.withdraw(spec.id, { kind: 'cancelled' });
    const kills = openKills(await yard.store.openIntents());
    const own = kills.filter(({ subject }) => subject.of === 'attempt' && subject.taskId === spec.id);
    const survivors = (await endKills(yard, own)).flatMap(({ pids }) => pids);
    if (survivors.length > 0) return `${spec.id} is cancelled, but processes of it still run: ${survivors.join(', ')}`;
    return `${spec.id} is cancelled; what its lane holds is kept`;
  });
}

/** `yard stop`: nothing new starts or lands; what runs comes to its end, or is ended with `--now`. */
export async function stopCommand(
  context: CommandContext,
  options: { readonly why?: string; readonly now?: boolean; readonly json?: boolean },
): Promise<ExitCode> {
  if (options.why?.trim() === '') {
    throw new UserError({ code: 'empty-why', message: '--why is empty', hint: 'Say why, or leave it out.' });
  }
  const yard = await context.compose.yard(context.cwd);
  try {
    if (options.now === true) return await stopNow(context, yard, options);
    const { stopped } = await yard.store.control();
    const json = options.json === true;
    if (stopped !== null && options.why === undefined) {
      if (json) context.output.json({ stopped: { by: stopped.by, why: stopped.why }, already: true });
      else
        context.output.print(
          `stopped already, by ${stopped.by}: ${inertLine(stopped.why, 200).replace(/\.+$/, '')}. Go on with: yard resume`,
        );
      return EXIT.ok;
    }
    const by = 'the operator';
    const why = options.why ?? 'yard stop';
    await yard.store.stop(by, why);
    if (json) context.output.json({ stopped: { by, why }, already: stopped !== null });
    else
      context.output.print(
        'stopped: nothing new starts or lands; attempts that run come to their end. Go on with: yard resume',
      );
    return EXIT.ok;
  } finally {
    await yard.store.close();
  }
}

/** `yard resume`: takes the stop away, forgets failures in a row, accepts the target as it stands. */
export async function resumeCommand(context: CommandContext): Promise<ExitCode> {
  const yard = await context.compose.yard(context.cwd);
  try {
    const { stopped, failuresInARow } = await yard.store.control();
    await yard.store.resume();
    const moved = await acceptTarget(yard);
    if (moved !== null) context.output.print(`the target is accepted as it stands now: ${moved}`);
    const wasFree = stopped === null && failuresInARow === 0 && moved === null;
    context.output.print(`${wasFree ? 'it was not stopped; ' : ''}the yard may go on: yard run`);
    return EXIT.ok;
  } finally {
    await yard.store.close();
  }
}

/** A target that was moved back or deleted is followed only here, on a person's word. */
async function acceptTarget({ settings, repository, depot }: LocalYard): Promise<string | null> {
  const { config } = await settings.current();
  const known = await resolve(depot, TARGET_RECORD);
  const state = await readTarget(repository, toRefName(config.target));
  if (known === null || state.kind === 'symbolic') return null;
  if (state.kind === 'missing') {
    await setRefs(depot, { [TARGET_RECORD]: null });
    return 'it does not exist, and is created again at the next run';
  }
  if (state.commit === known) return null;
  await fetchIntoDepot(depot, repository, state.commit);
  await setRefs(depot, { [TARGET_RECORD]: state.commit });
  return state.commit.slice(0, 12);
}
