import { setTimeout as delay } from 'node:timers/promises';

import type { Lease } from '../../core/lease.ts';
import { parseMarker } from '../../core/marker.ts';
import { isAlive } from '../../process/identity.ts';
import { findMarkedBelow } from '../../process/tree.ts';
import type { MarkedProcess } from '../../process/tree.ts';
import type { StoreReader } from '../../store/store.ts';
import { pass, warn } from './check.ts';
import type { Check, Finding, Hands } from './check.ts';
import type { Patient } from './patient.ts';

/** Processes that outlived what they were started for. */
export const processChecks: readonly Check[] = [
  { id: 'processes', requires: ['store'], looksAt: ['reading'], examine: examineProcesses, repair: endOrphans },
];

/** What is just coming to its end has ended by then. */
const AGAIN_MS = 500;
const GRACE_MS = 2_000;

async function examineProcesses(patient: Patient): Promise<Finding> {
  const { directory } = patient.know('places');
  const { reader } = patient.know('reading');
  const orphans = await findOrphans(directory, reader);
  if (orphans.length === 0) return pass('none has outlived its attempt');
  const pids = orphans.map(({ identity }) => identity.pid).join(', ');
  return warn(
    `${orphans.length} ${orphans.length === 1 ? 'process has' : 'processes have'} outlived an attempt, a gate or the train: ${pids}`,
    'yard doctor --repair ends them.',
    'Whatever they write is read by nobody any more, unless their task runs again meanwhile.',
  );
}

/** Marked as this yard's, while nobody holds the lease that they worked under. */
async function findOrphans(stateDirectory: string, reader: StoreReader): Promise<MarkedProcess[]> {
  const prefix = `${stateDirectory}:`;
  const judge = async (): Promise<MarkedProcess[]> => {
    const marked = findMarkedBelow(prefix);
    const leases = marked.length === 0 ? [] : await reader.leases();
    return marked.filter(({ marker }) => isOver(marker.slice(prefix.length), leases));
  };
  const first = await judge();
  if (first.length === 0) return [];
  await delay(AGAIN_MS);
  const still = new Set((await judge()).map(({ identity }) => `${identity.pid} ${identity.startTime}`));
  return first.filter(({ identity }) => still.has(`${identity.pid} ${identity.startTime}`));
}

/** @param rest of a marker, without the state directory that it begins with. */
export function isOver(rest: string, leases: readonly Lease[]): boolean {
  const work = parseMarker(rest);
  // Of another version of this program, perhaps: not ours to judge.
  if (work === null) return false;
  const scheduler = leases.find(({ resource }) => resource === 'scheduler');
  const lease = leases.find(({ resource }) => resource === work.resource);
  // A train that a scheduler has just started has not taken its lease yet.
  if (rest === 'train' && lease === undefined) return !scheduler?.owner || !isAlive(scheduler.owner);
  if (lease === undefined || (work.token !== null && lease.token !== work.token)) return true;
  return lease.owner !== null && !isAlive(lease.owner);
}

async function endOrphans(_: Patient, { yard }: Hands): Promise<string[]> {
  const orphans = await findOrphans(yard.stateDirectory, yard.store);
  const lines: string[] = [];
  for (const marker of new Set(orphans.map((orphan) => orphan.marker))) {
    const pids = orphans.filter((orphan) => orphan.marker === marker).map(({ identity }) => identity.pid);
    const { survivors } = await yard.host.killTree({ leader: null, marker, graceMs: GRACE_MS });
    lines.push(
      survivors.length === 0
        ? `processes ${pids.join(', ')} were ended`
        : `processes ${survivors.join(', ')} could not be ended`,
    );
  }
  return lines;
}
