import { existsSync } from 'node:fs';
import { join } from 'node:path';

import type { Depot } from './depot.ts';
import { git } from './git.ts';
import type { GitCall } from './git.ts';
import { IntegrityError } from './integrity-error.ts';
import { openLane, readLane } from './lane.ts';
import {
  findCorruptObjects,
  findDamage,
  loosePath,
  readLooseObject,
  setAsideCorrupt,
  writeObject,
} from './object-damage.ts';
import type { LooseObject } from './object-damage.ts';
import type { Repository } from './repository.ts';
import { readChange } from './snapshot.ts';

export interface RepairPlaces {
  readonly depot: Depot;
  readonly repository: Repository;
  readonly stateDirectory: string;
  /** Tasks that may have a lane. */
  readonly taskIds: readonly string[];
}

export interface Repaired {
  readonly setAside: readonly string[];
  readonly restored: readonly string[];
  /** What is still damaged; null: the depot is whole. */
  readonly left: string | null;
}

const ROUNDS_MAX = 50;

/**
 * Restores what is damaged in the depot, as far as another copy is at hand: in the repository, or in the lane of a task.
 * Corrupt objects are kept aside. No git runs in a lane: its objects and files are read by us, and taken by their hash.
 */
export async function repairDepot(places: RepairPlaces): Promise<Repaired> {
  const { depot } = places;
  const corrupt = findCorruptObjects(depot);
  await setAsideCorrupt(depot, corrupt);
  const restored: string[] = [];
  const setAside = corrupt.map(({ oid }) => oid);
  let wanted = new Set(setAside);
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const before = restored.length;
    for (const [oid, object] of await findCopies(places, wanted)) {
      await writeObject(depot, oid, object);
      restored.push(oid);
    }
    const damage = await findDamage(depot);
    if (damage === null) return { setAside, restored, left: null };
    wanted = new Set(damage.oids);
    if (round > 0 && restored.length === before) return { setAside, restored, left: damage.said };
  }
  return { setAside, restored, left: 'too much of it is damaged' };
}

async function findCopies(places: RepairPlaces, wanted: ReadonlySet<string>): Promise<Map<string, LooseObject>> {
  const found = new Map<string, LooseObject>();
  const repository: GitCall = { gitDir: places.repository.commonDirectory };
  for (const oid of wanted) {
    const object = await readObject(repository, oid);
    if (object !== null) found.set(oid, object);
  }
  for (const taskId of places.taskIds) {
    if ([...wanted].every((oid) => found.has(oid))) break;
    for (const [oid, object] of await copiesInLane(places, taskId, wanted)) found.set(oid, object);
  }
  return found;
}

async function readObject(call: GitCall, oid: string): Promise<LooseObject | null> {
  const kind = await git(['cat-file', '-t', oid], { ...call, answers: [0, 1, 128] });
  if (kind.code !== 0) return null;
  const type = kind.stdout.toString('latin1').trim();
  const { code, stdout } = await git(['cat-file', type, oid], { ...call, answers: [0, 1, 128] });
  return code === 0 ? { type, content: stdout } : null;
}

async function copiesInLane(
  { depot, stateDirectory }: RepairPlaces,
  taskId: string,
  wanted: ReadonlySet<string>,
): Promise<Map<string, LooseObject>> {
  const found = new Map<string, LooseObject>();
  const lane = await openLane(depot, stateDirectory, taskId);
  if (lane === null) return found;
  for (const oid of wanted) {
    const path = loosePath(join(lane.directory, '.git/objects'), oid);
    const object = existsSync(path) ? readLooseObject(path, oid, depot.format) : null;
    if (object !== null) found.set(oid, object);
  }
  try {
    const { changes } = await readLane(lane, { depot, stateDirectory, excludes: '', excluded: [], ownRules: false });
    for (const change of changes) {
      if (change.oid === null || !wanted.has(change.oid) || found.has(change.oid)) continue;
      found.set(change.oid, { type: 'blob', content: readChange(lane.directory, change) });
    }
  } catch (error) {
    // The lane cannot be read without what is damaged; its files stay where they are.
    if (!(error instanceof IntegrityError) && !(error instanceof Error && error.name === 'GitError')) throw error;
  }
  return found;
}
