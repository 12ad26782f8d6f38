import { dirname, join, relative } from 'node:path';

import { faultOf } from '../core/machine-fault.ts';
import type { Depot } from './depot.ts';
import { blobId } from './blob.ts';
import { git, GitError, wasKilled } from './git.ts';
import type { GitCall } from './git.ts';
import { IntegrityError } from './integrity-error.ts';
import { openLane, readLane } from './lane.ts';
import type { Lane } from './lane.ts';
import {
  findCorrupt,
  findCorruptObjects,
  findDamage,
  loosePath,
  readForeignObject,
  setAsideCorrupt,
  writeObject,
} from './object-damage.ts';
import type { LooseObject } from './object-damage.ts';
import type { Repository } from './repository.ts';
import { readChange } from './snapshot.ts';
import { FILE_BYTES_MAX } from './walk.ts';
import type { Change } from './walk.ts';

export interface RepairPlaces {
  readonly depot: Depot;
  readonly repository: Repository;
  readonly stateDirectory: string;
  /** Tasks that may have a lane. */
  readonly taskIds: readonly string[];
  /** Nobody has the task's lease, and no process of it lives: the files of its lane do not change. */
  readonly isAtRest: (taskId: string) => Promise<boolean>;
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

/**
 * Restores what `look` names, and what it names after that, as {@link repairDepot} does; the rest of the depot is not
 * looked at. `left`: the objects that are damaged still.
 */
export async function repairObjects(
  places: RepairPlaces,
  look: () => Promise<readonly string[]>,
): Promise<{ readonly setAside: string[]; readonly restored: string[]; readonly left: readonly string[] }> {
  const { depot } = places;
  const objects = join(depot.path, 'objects');
  const setAside: string[] = [];
  const restored: string[] = [];
  for (let round = 0; ; round += 1) {
    const damaged = await look();
    const corrupt = await findCorrupt(depot, damaged);
    await setAsideCorrupt(
      depot,
      corrupt.map((oid) => ({ oid, path: loosePath(objects, oid) })),
    );
    setAside.push(...corrupt);
    const wanted = new Set(damaged.filter((oid) => !restored.includes(oid)));
    const copies = wanted.size === 0 ? new Map<string, LooseObject>() : await findCopies(places, wanted);
    for (const [oid, object] of copies) await writeObject(depot, oid, object);
    restored.push(...copies.keys());
    if (copies.size === 0 || round >= ROUNDS_MAX) return { setAside, restored, left: damaged };
  }
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
  { depot, stateDirectory, isAtRest }: RepairPlaces,
  taskId: string,
  wanted: ReadonlySet<string>,
): Promise<Map<string, LooseObject>> {
  const found = new Map<string, LooseObject>();
  const lane = await openLane(depot, stateDirectory, taskId);
  if (lane === null) return found;
  const root = dirname(lane.directory);
  const objects = join(relative(root, lane.directory), '.git/objects');
  for (const oid of wanted) {
    const object = await readForeignObject({ root, relative: objects, bytesMax: FILE_BYTES_MAX }, oid, depot.format);
    if (object !== null) found.set(oid, object);
  }
  if (!(await isAtRest(taskId))) return found;
  for (const change of await changesIn(lane, { depot, stateDirectory })) {
    if (change.oid === null || !wanted.has(change.oid) || found.has(change.oid)) continue;
    const content = contentOf(lane, change);
    if (content === null || blobId(content, depot.format) !== change.oid) continue;
    found.set(change.oid, { type: 'blob', content });
  }
  return found;
}

async function changesIn(
  lane: Lane,
  { depot, stateDirectory }: Pick<RepairPlaces, 'depot' | 'stateDirectory'>,
): Promise<readonly Change[]> {
  try {
    return (await readLane(lane, { depot, stateDirectory, excludes: '', excluded: [], ownRules: false })).changes;
  } catch (error) {
    // The lane cannot be read without what is damaged; its files stay where they are.
    const isGits = error instanceof GitError && error.fault === null && !wasKilled(error);
    if (!isGits && !(error instanceof IntegrityError)) throw error;
    return [];
  }
}

/** Null where it is another file by now, or none. */
function contentOf(lane: Lane, change: Change): Buffer | null {
  try {
    return readChange(lane.directory, change);
  } catch (error) {
    if (faultOf(error) !== null) throw error;
    return null;
  }
}
