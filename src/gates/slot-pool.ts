import { readFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import type { Fence } from '../core/lease.ts';
import type { Depot } from '../git/depot.ts';
import { fillDirectory, UncleanableError } from '../git/fill.ts';
import { systemClock } from '../process/clock.ts';
import { isAlive, ownIdentity } from '../process/identity.ts';
import type { Owner } from '../process/owner.ts';
import { removeTree } from '../process/removal.ts';
import type { Cells } from '../sandbox/cells.ts';
import type { Store } from '../store/store.ts';
import { mkdir, rename, rm, writeFile } from '../process/file-system.ts';

/*
 * Clean checkouts for gates. Invariants:
 * 1. One process at a time uses a slot: it holds the lease `slot:<n>`, which a dead process's successor takes over.
 * 2. Whoever takes over first ends what the dead one's gate left running: `gates/<n>.marker` names its processes.
 * 3. A slot is cleaned by our own walk before it is filled; one that cannot be cleaned is retired by rename.
 */

export interface Slot {
  readonly directory: string;
  release(): Promise<void>;
  /** For a slot in which processes survived: nobody may use it again. */
  retire(): Promise<void>;
}

/** More than any machine runs; the train's own gate takes a slot above those of the attempts. */
const SLOTS_MAX = 1024;
const POLL_MS = 25;
/** A slot's lease is void only when its process is gone, so the expiry is a formality. */
const EXPIRY_MS = 24 * 3_600_000;

interface PoolPlaces {
  readonly store: Store;
  readonly depot: Depot;
  readonly stateDirectory: string;
  readonly cells: Pick<Cells, 'end'>;
}

export interface SlotRequest {
  readonly tree: string;
  /** At most this many gates at once: more would only slow each other down. Null: no limit (the train's own). */
  readonly slots: number | null;
  /** Carried by every process that will run in the slot. */
  readonly marker: string;
  readonly signal: AbortSignal;
  /** Whom the slot is to belong to; null, or none: us. */
  readonly owner?: Owner | null;
}

/** Waits for a slot that is free and makes it hold exactly the tree. Null: the signal fired first. */
export async function takeSlot(places: PoolPlaces, request: SlotRequest): Promise<Slot | null> {
  const leased = await leaseSlot(places.store, request);
  return leased === null ? null : fillSlot(places, request, leased);
}

async function fillSlot(
  places: PoolPlaces,
  { tree, marker, owner = null }: SlotRequest,
  { index, fence }: LeasedSlot,
): Promise<Slot> {
  const gates = join(places.stateDirectory, 'gates');
  const directory = join(gates, String(index));
  const indexFile = join(gates, `${index}.index`);
  const markerFile = join(gates, `${index}.marker`);
  await mkdir(gates, { recursive: true });
  const retire = async (): Promise<void> => {
    await rm(indexFile, { force: true });
    if (existsSync(directory)) await rename(directory, join(gates, `.retired-${index}-${fence.token}`));
  };
  const release = async (): Promise<void> => {
    await rm(markerFile, { force: true });
    await places.store.release(fence);
  };
  const fill = { depot: places.depot, directory, indexFile, tree, owner };
  try {
    if (!(await endLeftovers(places, markerFile))) await retire();
    await writeFile(markerFile, marker);
    try {
      await fillDirectory(fill);
    } catch (error) {
      if (!(error instanceof UncleanableError)) throw error;
      await retire();
      await fillDirectory(fill);
      await removeTree(join(gates, `.retired-${index}-${fence.token}`));
    }
  } catch (error) {
    await release();
    throw error;
  }
  return {
    directory,
    release,
    retire: async () => {
      await retire();
      await release();
    },
  };
}

/** Ends the gate of a process that died while it used the slot. False: something of it still runs. */
async function endLeftovers({ cells }: PoolPlaces, markerFile: string): Promise<boolean> {
  if (!existsSync(markerFile)) return true;
  const marker = await readFile(markerFile, 'utf8');
  return (await cells.end(marker)).length === 0;
}

interface LeasedSlot {
  readonly index: number;
  readonly fence: Fence;
}

async function leaseSlot(store: Store, { slots, signal }: SlotRequest): Promise<LeasedSlot | null> {
  for (;;) {
    if (signal.aborted) return null;
    const leased = await leaseFirst(store, slots ?? SLOTS_MAX);
    if (leased !== null) return leased;
    await delay(POLL_MS);
  }
}

async function leaseFirst(store: Store, slots: number): Promise<LeasedSlot | null> {
  const leases = new Map((await store.leases()).map((lease) => [lease.resource, lease]));
  for (let index = 0; index < slots; index += 1) {
    const held = leases.get(`slot:${index}`);
    if (held?.owner && isAlive(held.owner)) continue;
    const taken = await store.acquire(
      `slot:${index}`,
      ownIdentity(),
      systemClock.monotonicMs() + EXPIRY_MS,
      (lease) => lease.owner === null || !isAlive(lease.owner),
    );
    if (taken.kind === 'acquired') return { index, fence: taken.fence };
  }
  return null;
}
