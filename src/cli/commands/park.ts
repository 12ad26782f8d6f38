import { isFinal } from '../../core/task-state.ts';
import { UserError } from '../../core/user-error.ts';
import type { StoreReader, TaskRecord } from '../../store/store.ts';
import { EXIT } from '../context.ts';
import type { CommandContext, ExitCode } from '../context.ts';
import { BY_A_PERSON } from '../waiting/remedy.ts';
import { checkWhy, endAttemptOf, notNow, onTasks } from '../tasks/on-tasks.ts';

interface Options {
  readonly json?: boolean;
}

/** `yard park ID…`: nothing more happens with it until it is put back; an attempt that runs is ended. */
export function parkCommand(
  context: CommandContext,
  ids: readonly string[],
  options: Options & { readonly why?: string },
): Promise<ExitCode> {
  checkWhy(options.why);
  return onTasks(context, ids, options, {
    check: (task) => {
      const { status } = task.state;
      refuseSealed(task, 'park');
      if (isFinal(status) || status === 'parked' || status === 'proposed') {
        throw notNow(task, 'park', 'ready, running, blocked, accepted or landing');
      }
    },
    act: async (yard, { spec }) => {
      const why = `${BY_A_PERSON}${options.why === undefined ? '' : `: ${options.why}`}`;
      await yard.store.withdraw(spec.id, { kind: 'parked', why });
      const left = await endAttemptOf(yard, spec.id);
      return left.length === 0
        ? `${spec.id} is parked; its work is kept. Put it back with: yard unpark ${spec.id}`
        : `${spec.id} is parked, but processes of it still run: ${left.join(', ')}`;
    },
  });
}

/** `yard unpark ID…` or `--all`: parked tasks start again, with all their budgets full. */
export async function unparkCommand(
  context: CommandContext,
  ids: readonly string[],
  options: Options & { readonly all?: boolean },
): Promise<ExitCode> {
  const all = options.all === true;
  if (all !== (ids.length === 0)) throw nameSome('unpark', all);
  const chosen = all ? await idsOf(context, (reader) => reader.rows(['parked'])) : ids;
  if (chosen.length === 0) return nothing(context, options, 'no task is parked');
  return onTasks(context, chosen, options, {
    isForAll: all,
    check: (task) => {
      if (task.state.status !== 'parked') throw notNow(task, 'unpark', 'parked');
    },
    act: async ({ store }, { spec, state }) => {
      await store.transition(spec.id, { kind: 'unparked' });
      const atGate = state.status === 'parked' && state.entry?.phase === 'gating';
      return `${spec.id} is ready again, with all its retries${atGate ? '; it goes on at its gate' : ''}`;
    },
  });
}

/** `yard wake [ID…]`: what was put off starts at once; without ids, all of it. A live run looks at the yard anew. */
export async function wakeCommand(
  context: CommandContext,
  ids: readonly string[],
  options: Options,
): Promise<ExitCode> {
  const putOff = ({ state }: Pick<TaskRecord, 'state'>): boolean =>
    state.status === 'ready' && state.notBeforeMs !== null;
  const chosen =
    ids.length > 0 ? ids : await idsOf(context, async (reader) => (await reader.rows(['ready'])).filter(putOff));
  if (chosen.length === 0) return nothing(context, options, 'nothing is put off');
  return onTasks(context, chosen, options, {
    isForAll: ids.length === 0,
    check: (task) => {
      if (!putOff(task)) throw notNow(task, 'wake', 'ready and put off to a later time');
    },
    act: async ({ store }, { spec }) => {
      await store.transition(spec.id, { kind: 'woken' });
      return `${spec.id} is put off no longer`;
    },
  });
}

/** `yard cancel ID…`: ends its attempt, if one runs; its work is kept. */
export function cancelCommand(context: CommandContext, ids: readonly string[], options: Options): Promise<ExitCode> {
  return onTasks(context, ids, options, {
    check: (task) => {
      refuseSealed(task, 'cancel');
      if (isFinal(task.state.status)) throw notNow(task, 'cancel', 'not done yet');
    },
    act: async (yard, { spec }) => {
      await yard.store.withdraw(spec.id, { kind: 'cancelled' });
      const left = await endAttemptOf(yard, spec.id);
      return left.length === 0
        ? `${spec.id} is cancelled; what its lane holds is kept`
        : `${spec.id} is cancelled, but processes of it still run: ${left.join(', ')}`;
    },
  });
}

/** The swap of the target has begun, and its end decides. */
function refuseSealed(task: TaskRecord, verb: string): void {
  const { state } = task;
  if (state.status === 'landing' && state.sealed) throw notNow(task, verb, 'not landing at this very moment');
}

async function idsOf(
  { compose, cwd }: CommandContext,
  rows: (reader: StoreReader) => Promise<readonly { readonly id: string }[]>,
): Promise<string[]> {
  const { reader } = await compose.reading(cwd);
  try {
    return (await rows(reader)).map(({ id }) => id);
  } finally {
    await reader.close();
  }
}

function nothing({ output }: CommandContext, { json = false }: Options, sentence: string): ExitCode {
  if (json) output.json({ tasks: [] });
  else output.print(sentence);
  return EXIT.ok;
}

function nameSome(verb: string, all: boolean): UserError {
  return new UserError({
    code: 'no-task-named',
    message: all ? `both ids and --all are given` : `no task is named`,
    hint: `Say which: yard ${verb} TASK-0001, or all of them: yard ${verb} --all`,
  });
}
