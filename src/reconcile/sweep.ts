import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { sweepToolPlaces } from '../agents/tools/tool-place.ts';
import { LEASE_MS } from '../core/lease.ts';
import type { LeaseResource } from '../core/lease.ts';
import { errnoOf } from '../process/errno.ts';
import { removeTree } from '../process/removal.ts';
import type { Removal } from '../process/removal.ts';
import { entriesOf, sweepLeftOvers } from '../process/temporary.ts';
import type { Yard } from './yard.ts';

/*
 * Removes what dead processes left half-made. By the holder of the scheduler's lease, after the cycle that ended what
 * those processes had started. Costs a listing for each directory. Invariants:
 * 1. What a living process may be using stays: a name tells its maker, or a lease guards it, which is taken first.
 * 2. While a gate of a dead train or attempt still runs (in a yard that is stopped, say), its directory for temporary
 *    files stays, although its maker is dead.
 */

/** Directories in which something is made beside its place, or moved aside before it is removed. */
const PLACES = ['', 'containers', 'lanes', 'gates', 'prewarm', 'pins', 'backups', 'attempts', 'train', 'logs'];

type Sweepable = Pick<Yard, 'store' | 'host' | 'stateDirectory'>;

export async function sweep(yard: Sweepable): Promise<void> {
  const { stateDirectory } = yard;
  const gateRuns = someGateRuns(yard);
  const onLeft = (removal: Removal): Promise<void> => tellLeft(yard, removal);
  await sweepLeftOvers(join(stateDirectory, 'tmp'), { spares: (name) => gateRuns && name.startsWith('gate-'), onLeft });
  for (const place of PLACES) await sweepLeftOvers(join(stateDirectory, place), { onLeft });
  await sweepToolPlaces(stateDirectory, onLeft);
  if (!gateRuns) await sweepRetired(yard);
  await sweepPrewarms(yard);
}

/** What resists is told of in the yard's log: a person has to see to it. */
async function tellLeft({ store }: Pick<Sweepable, 'store'>, removal: Removal): Promise<void> {
  if (removal.kind === 'left') await store.note('sweep.left', { path: removal.path, why: removal.why });
}

/** A process that carries the marker of any slot's gate lives. */
function someGateRuns({ host, stateDirectory }: Sweepable): boolean {
  const gates = join(stateDirectory, 'gates');
  return entriesOf(gates)
    .filter((name) => name.endsWith('.marker'))
    .map((name) => readMarker(join(gates, name)))
    .some((marker) => marker !== '' && host.hasMarked(marker));
}

/** Empty where its slot has just been given back. */
function readMarker(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return '';
    throw error;
  }
}

/** Slots that were set aside. */
async function sweepRetired(yard: Sweepable): Promise<void> {
  const gates = join(yard.stateDirectory, 'gates');
  for (const name of entriesOf(gates)) {
    const [, index] = /^\.retired-(\d+)-\d+$/.exec(name) ?? [];
    if (index !== undefined) await removeHolding(yard, `slot:${Number(index)}`, join(gates, name));
  }
}

/** What a prewarm was making when its process died. */
async function sweepPrewarms(yard: Sweepable): Promise<void> {
  const prewarms = join(yard.stateDirectory, 'prewarm');
  for (const name of entriesOf(prewarms)) {
    const [, key] = /^([0-9a-f]+)\.making$/.exec(name) ?? [];
    if (key === undefined || yard.host.hasMarked(`${yard.stateDirectory}:prewarm:${key}`)) continue;
    await removeHolding(yard, `prewarm:${key}`, join(prewarms, name));
  }
}

/** Whoever works there holds this lease, so it is removed under it; left where somebody living has it. */
async function removeHolding({ store, host }: Sweepable, resource: LeaseResource, path: string): Promise<void> {
  const untilMs = host.clock.monotonicMs() + LEASE_MS;
  const taken = await store.acquire(
    resource,
    host.self,
    untilMs,
    ({ owner }) => owner === null || !host.isAlive(owner),
  );
  if (taken.kind === 'held') return;
  try {
    await tellLeft({ store }, await removeTree(path));
  } finally {
    await store.release(taken.fence);
  }
}
