import { impossible } from '../../core/impossible.ts';
import { faultOf, isPassing } from '../../core/machine-fault.ts';
import type { Json, YardEvent } from '../../core/yard-event.ts';
import type { RunEnd } from '../../reconcile/run.ts';
import type { Store, StoreReader } from '../../store/store.ts';
import { EXIT } from '../context.ts';
import type { ExitCode } from '../context.ts';
import type { Output } from '../terminal/output.ts';
import { counted, formatDuration } from '../terminal/table.ts';

/**
 * Tells of a run in the yard's events. A machine that has no room for it is no reason for the run to fail.
 * @returns false: it could not be written.
 */
export async function noteRun(store: Store, type: 'run.started' | 'run.ended', data: Json): Promise<boolean> {
  try {
    await store.note(type, data);
    return true;
  } catch (error) {
    if (!isPassing(faultOf(error))) throw error;
    return false;
  }
}

/** What {@link noteRun} has kept of the end of a run; null: the event is of something else. */
export function endOfRun(event: YardEvent): { readonly end: RunEnd; readonly pid: number } | null {
  return event.type === 'run.ended' ? (event.data as unknown as { end: RunEnd; pid: number }) : null;
}

/** Where what has landed since then is, and how it goes on from there; nothing, if nothing has. */
export async function tellLanded(output: Output, reader: StoreReader, sinceSeq: number, target: string): Promise<void> {
  const landed = await reader.events({ types: ['task.landed'], sinceSeq, limit: 1 });
  if (landed.length > 0) output.say(`What landed is on ${target}; merge it when you like it: git merge ${target}`);
}

/** Says how it ended and what is left to do. */
export async function tellEnd(output: Output, reader: StoreReader, end: RunEnd): Promise<ExitCode> {
  const counts = await reader.countByStatus();
  const parts = (
    ['landed', 'accepted', 'landing', 'running', 'ready', 'blocked', 'parked', 'cancelled', 'superseded'] as const
  )
    .filter((status) => counts[status] > 0)
    .map((status) => `${counts[status]} ${status}`);
  output.print(parts.length === 0 ? 'There are no tasks. Add one with: yard add "title"' : parts.join(', '));
  switch (end.kind) {
    case 'settled': {
      const { ready, blocked, parked, accepted, landing, proposed } = counts;
      const rest = ready + blocked + parked + accepted + landing + proposed + counts['in-review'];
      if (rest === 0) return EXIT.ok;
      output.say(`${rest} ${rest === 1 ? 'task needs' : 'tasks need'} a person; see: yard status, yard why --all`);
      return EXIT.personNeeded;
    }
    case 'enough':
      return EXIT.ok;
    case 'stopped':
      output.say(`stopped by ${end.by}: ${end.why.replace(/\.+$/, '')}. Go on with: yard resume && yard run`);
      return EXIT.limit;
    case 'failures':
      output.say(
        `${counted(end.inARow, 'attempt')} failed in a row, so nothing more starts. Look at them with: yard breaker. Go on with: yard breaker reset && yard run`,
      );
      return EXIT.limit;
    case 'time-limit':
      output.say(
        `the time limit of ${formatDuration(end.ms)} is reached, so nothing more starts. ${
          counts.running === 0
            ? 'Nothing runs. Go on with: yard run'
            : `Attempts that run (${counts.running}) go on; what they make lands with the next run at the latest. Rejoin with: yard run. End them with: yard stop --now`
        }`,
      );
      return EXIT.limit;
    case 'interrupted':
      output.say(
        counts.running === 0
          ? 'interrupted. Go on with: yard run'
          : `interrupted; attempts that run (${counts.running}) go on; what they make lands with the next run at the latest.\nRejoin with: yard run. End them with: yard stop --now`,
      );
      return EXIT.failed;
    case 'lost':
      output.say('another scheduler has taken over this yard');
      return EXIT.failed;
    default:
      throw impossible(end satisfies never);
  }
}
