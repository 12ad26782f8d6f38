import { endKills } from '../../reconcile/kills.ts';
import { openKills } from '../../store/open-kills.ts';
import type { KillEnd } from '../../reconcile/kills.ts';
import type { Yard } from '../../reconcile/yard.ts';
import { EXIT } from '../context.ts';
import type { CommandContext, ExitCode } from '../context.ts';
import { counted } from '../terminal/table.ts';

/**
 * `yard stop --now`: ends what runs, and waits until it is proved dead. The store knows what is to be ended before the
 * first signal is sent, so that whoever dies half-way is followed by the next cycle, or by the same command again.
 */
export async function stopNow(
  { output }: CommandContext,
  yard: Yard,
  { why = 'yard stop --now', json = false }: { readonly why?: string; readonly json?: boolean },
): Promise<ExitCode> {
  const { stopped } = await yard.store.control();
  const ends = await endKills(yard, openKills(await yard.store.interrupt('the operator', why)));
  const landings = (await yard.store.openIntents()).filter(({ intent }) => intent.kind === 'land');
  const left = ends.filter(({ pids }) => pids.length > 0);
  const ended = ends.filter(({ pids }) => pids.length === 0);
  if (json) {
    output.json({
      ended: ended.map(({ subject }) => asJson(subject)),
      left: left.map(({ subject, pids }) => ({ ...asJson(subject), pids })),
      openLandings: landings.length,
    });
    return left.length === 0 ? EXIT.ok : EXIT.failed;
  }
  output.print(
    ended.length === 0
      ? `${stopped === null ? 'stopped' : 'stopped already'}; nothing was running`
      : `stopped, and ended: ${ended.map(nameOf).join(', ')}`,
  );
  if (ended.some(({ subject }) => subject.of === 'attempt')) {
    output.print('their tasks are ready again, with no retry spent; what their lanes hold is kept');
  }
  if (landings.length > 0)
    output.print(`${counted(landings.length, 'landing')} had begun, and the next cycle completes what had`);
  for (const end of left) {
    output.print(
      `${nameOf(end)} could not be ended: processes ${end.pids.join(', ')} still run. Their writes are refused, and nothing starts in their lane. End them, then say: yard stop --now`,
    );
  }
  output.print('Go on with: yard resume && yard run');
  return left.length === 0 ? EXIT.ok : EXIT.failed;
}

function asJson(subject: KillEnd['subject']): object {
  return subject.of === 'train'
    ? { of: subject.of }
    : { of: subject.of, task: subject.taskId, attempt: subject.attempt };
}

function nameOf({ subject }: KillEnd): string {
  return subject.of === 'train' ? 'the train' : `${subject.taskId} (attempt ${subject.attempt})`;
}
