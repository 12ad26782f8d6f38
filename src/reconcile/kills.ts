import { attemptMarker } from '../core/marker.ts';
import { impossible } from '../core/impossible.ts';
import type { Fence } from '../core/lease.ts';
import type { KillSubject, OpenKill } from '../core/snapshot.ts';
import { trainGateMarker, trainMarker } from '../train/train-context.ts';
import type { Survivors } from './survivors.ts';
import type { Yard } from './yard.ts';

export interface KillOptions {
  /** Between SIGTERM and SIGKILL. */
  readonly graceMs: number;
  /** The scheduler's, where one carries it out; a person needs none. */
  readonly fence?: Fence;
  /** Those that could not be ended before; a person tries at once. */
  readonly known?: Survivors;
}

/**
 * Ends all processes of an open kill, and closes it once a scan finds none. Two may do it at once, and one that dies
 * half-way leaves it to the next. Returns the pids that cannot be ended: then it stays open.
 */
export async function carryOutKill(
  { store, host, stateDirectory }: Pick<Yard, 'store' | 'host' | 'stateDirectory'>,
  { intentId, subject }: OpenKill,
  { graceMs, fence, known }: KillOptions,
): Promise<readonly number[]> {
  const name = `kill ${intentId}`;
  const nowMs = host.clock.monotonicMs();
  if (known?.mayTry(name, nowMs) === false) return known.of(name);
  const trees = markersOf(stateDirectory, subject).map((marker) => host.killTree({ leader: null, marker, graceMs }));
  const survivors = (await Promise.all(trees)).flatMap((tree) => tree.survivors);
  const isNews = known?.learn(name, survivors, nowMs) ?? true;
  if (survivors.length === 0) {
    await store.closeKill(intentId, fence);
    return survivors;
  }
  if (!isNews) return survivors;
  const about = subject.of === 'attempt' ? { taskId: subject.taskId, attempt: subject.attempt } : {};
  await store.note(`${subject.of}.survivors`, { pids: survivors }, { ...about, ...(fence && { fence }) });
  return survivors;
}

/** What became of a kill: the pids that could not be ended. */
export interface KillEnd extends OpenKill {
  readonly pids: readonly number[];
}

/** Carries out kills for a person, all at once. */
export async function endKills(
  yard: Pick<Yard, 'store' | 'host' | 'stateDirectory' | 'settings'>,
  kills: readonly OpenKill[],
): Promise<KillEnd[]> {
  const { config } = await yard.settings.current();
  const graceMs = config.limits.killGraceMs;
  return Promise.all(kills.map(async (kill) => ({ ...kill, pids: await carryOutKill(yard, kill, { graceMs }) })));
}

function markersOf(stateDirectory: string, subject: KillSubject): string[] {
  switch (subject.of) {
    case 'attempt':
      return [attemptMarker(stateDirectory, subject.taskId, subject.attempt, subject.token)];
    case 'train':
      return [trainMarker(stateDirectory), trainGateMarker(stateDirectory, subject.token)];
    default:
      throw impossible(subject satisfies never);
  }
}
