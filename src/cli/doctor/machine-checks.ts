import { existsSync } from 'node:fs';
import { dirname } from 'node:path';

import { DISK_RESERVE_BYTES, diskView, formatBytes } from '../../core/disk.ts';
import { canMergeInMemory, gitVersion, isAtLeast, OLDEST_GIT } from '../../git/diagnosis.ts';
import { freeSpaceAt } from '../../process/disk-space.ts';
import { ownIdentity } from '../../process/identity.ts';
import { fail, pass, warn } from './check.ts';
import type { Check } from './check.ts';

const OLDEST_NODE = '24';

/** What the machine must have. */
export const machineChecks: readonly Check[] = [
  {
    id: 'node',
    requires: [],
    examine: () => {
      const { node } = process.versions;
      const finding = isAtLeast(node, OLDEST_NODE)
        ? pass(`Node ${node}`)
        : fail(`this is Node ${node}; ${OLDEST_NODE} or newer is needed`, `Install Node ${OLDEST_NODE} or newer.`);
      return Promise.resolve(finding);
    },
  },
  {
    id: 'git',
    requires: [],
    examine: async () => {
      const version = await gitVersion();
      if (isAtLeast(version, OLDEST_GIT)) return pass(`git ${version}`);
      return fail(`this is git ${version}; ${OLDEST_GIT} or newer is needed`, `Install git ${OLDEST_GIT} or newer.`);
    },
  },
  {
    id: 'merge-tree',
    requires: ['git'],
    examine: async () =>
      (await canMergeInMemory())
        ? pass('git merges in memory')
        : fail('this git has no merge-tree --write-tree', `Install git ${OLDEST_GIT} or newer.`),
  },
];

/** Room where the state is kept, and where it lands, by the same rule as the scheduler's. */
export const diskCheck: Check = {
  id: 'disk',
  requires: ['state-directory'],
  examine: (patient) => {
    // A configuration that does not hold is another check's to tell.
    const reserveBytes = patient.may('config')?.limits.diskReserveBytes ?? DISK_RESERVE_BYTES;
    const state = freeSpaceAt(patient.know('places').directory);
    const repository = freeSpaceAt(patient.may('repository')?.commonDirectory ?? state.directory);
    const { starting, landing } = diskView({ state, repository }, reserveBytes);
    const low = landing ?? starting;
    if (low === null) return Promise.resolve(pass(`${formatBytes(state.freeBytes)} free at ${state.directory}`));
    const what = `${formatBytes(low.freeBytes)} free at ${low.directory}: nothing ${landing === null ? 'starts' : 'lands'}`;
    const remedy = 'Make room; yard gc --dry-run says what can go. The run goes on by itself.';
    const safe = `Below ${formatBytes(low.neededBytes)} the yard waits, and loses nothing.`;
    return Promise.resolve(warn(what, remedy, safe));
  },
};

/** A little is what two processes may see of each other's writes. */
const CLOCK_SLACK_MS = 60_000;

/** What times and leases are measured by. */
export const clockCheck: Check = {
  id: 'clock',
  requires: ['store'],
  looksAt: ['reading'],
  examine: async (patient) => {
    // Both throw where the system does not tell: nothing could be leased then.
    const { bootId } = ownIdentity();
    const { clock } = patient.context.compose;
    const uptimeH = clock.monotonicMs() / 3_600_000;
    const [newest] = await patient.know('reading').reader.events({ limit: 1, newest: true });
    const aheadMs = (newest?.atMs ?? 0) - clock.nowMs();
    if (aheadMs <= CLOCK_SLACK_MS) return pass(`boot ${bootId.slice(0, 8)}, ${uptimeH.toFixed(1)} h ago`);
    return warn(
      `the clock was set back: the newest event is ${Math.round(aheadMs / 1000)} s in the future`,
      'Set the clock. Back-offs wait until it has caught up.',
      'Leases do not go by it.',
    );
  },
};

/** The path itself, or what of it is there. */
export function nearestDirectory(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : nearestDirectory(dirname(path));
}
