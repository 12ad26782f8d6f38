import { UserError } from '../../core/user-error.ts';
import { inert } from '../../core/inert.ts';
import { requireDepot } from '../../git/depot.ts';
import { diffPatch } from '../../git/raw-diff.ts';
import { EXIT } from '../context.ts';
import type { CommandContext, ExitCode } from '../context.ts';
import { findTask } from '../tasks/find-task.ts';
import type { TaskRecord } from '../../store/store.ts';

/**
 * `yard diff ID`: what the newest attempt that made a commit changed, against the base that it started from; of a task
 * that waits for an approval, what is to be approved.
 */
export async function diffCommand(
  context: CommandContext,
  id: string,
  options: { readonly stat?: boolean; readonly attempt?: number },
): Promise<ExitCode> {
  const { compose, cwd, output } = context;
  const reading = await compose.reading(cwd);
  try {
    const task = await findTask(reading.reader, id, reading.location);
    const attempts = await reading.reader.attempts(task.spec.id);
    const chosen = attempts.findLast(
      ({ head, attempt }) => head !== null && (options.attempt === undefined || options.attempt === attempt),
    );
    const head = (options.attempt === undefined ? waitingHead(task) : null) ?? chosen?.head;
    if (!head || reading.pin === null) {
      throw new UserError({
        code: 'no-diff',
        message: `no attempt of ${task.spec.id} has made a commit yet`,
        hint: `See how far it is with: yard why ${task.spec.id}`,
      });
    }
    const depot = requireDepot(reading.stateDirectory, reading.pin.repository.format);
    const patch = await diffPatch(depot, `${head}^`, head, { stat: options.stat === true });
    // Piped, it must apply; on a terminal it must not act.
    output.write(output.isTerminal ? inert(patch.toString('utf8')) : patch);
    return EXIT.ok;
  } finally {
    await reading.reader.close();
  }
}

/** After a merge in the train this is no attempt's commit. */
function waitingHead({ state }: TaskRecord): string | null {
  return state.status === 'blocked' && state.on.kind === 'approval' ? state.on.head : null;
}
