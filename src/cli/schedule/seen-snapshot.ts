import { existsSync } from 'node:fs';

import type { Clock } from '../../core/clock.ts';
import { diskView } from '../../core/disk.ts';
import type { Snapshot } from '../../core/snapshot.ts';
import type { Pin } from '../../config/pin.ts';
import { freeSpaceAt } from '../../process/disk-space.ts';
import { onlooker } from '../../process/onlooker.ts';
import { observe } from '../../reconcile/observe.ts';
import type { StoreView, TaskRow } from '../../store/store.ts';
import type { Reading } from '../context.ts';

/** What the scheduler would see now; null before the first run. */
export async function snapshotNow(reading: Reading, clock: Clock): Promise<Snapshot | null> {
  return snapshotOf(reading, await reading.reader.view(), clock);
}

/** What the scheduler would see now of this task and of all that bears on it; null before the first run. */
export async function snapshotAround(reading: Reading, clock: Clock, id: string): Promise<Snapshot | null> {
  if (reading.pin === null) return null;
  return snapshotOf(reading, await reading.reader.viewOf({ first: 0, ids: [id] }), clock);
}

/** The same of all that the view holds. `blocked`: why nothing can land, where that is known already. */
export async function snapshotOf(
  reading: Reading,
  view: StoreView,
  clock: Clock,
  blocked?: string | null,
): Promise<Snapshot | null> {
  const { pin } = reading;
  if (pin === null) return null;
  return observe(view, {
    config: pin.config,
    landingBlocked: blocked === undefined ? await landingBlocked(reading, pin, view.rows) : blocked,
    disk: diskView(
      { state: freeSpaceAt(reading.stateDirectory), repository: freeSpaceAt(reading.location.commonDirectory) },
      pin.config.limits.diskReserveBytes,
    ),
    host: onlooker(clock),
    graces: [],
    trainStarting: false,
    isFirstLook: false,
    // Whoever only looks may come between a dispatch and its process.
    hasProcess: () => true,
  });
}

/** Git is asked only where something waits to land. */
async function landingBlocked(
  { stateDirectory, location }: Reading,
  { config, repository }: Pin,
  rows: readonly TaskRow[],
): Promise<string | null> {
  if (!rows.some(({ state }) => state.status === 'accepted' || state.status === 'landing')) return null;
  const [{ depotAt }, { peekTarget }] = await Promise.all([
    import('../../git/depot.ts'),
    import('../../git/target-sync.ts'),
  ]);
  const depot = depotAt(stateDirectory, repository.format);
  if (!existsSync(depot.path)) return `the depot ${depot.path} is gone: yard doctor`;
  return peekTarget({ repository: location, depot, ref: `refs/heads/${config.target}` });
}
