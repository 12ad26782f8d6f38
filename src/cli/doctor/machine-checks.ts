import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';

import { canMergeInMemory, gitVersion, isAtLeast, OLDEST_GIT } from '../../git/diagnosis.ts';
import { failure, ok, warning } from './check.ts';
import type { Check } from './check.ts';

const OLDEST_NODE = '24';
const DISK_LOW_BYTES = 2 * 1024 ** 3;

/** What the machine must have. */
export const machineChecks: readonly Check[] = [
  {
    id: 'node',
    needs: [],
    examine: () => {
      const { node } = process.versions;
      const finding = isAtLeast(node, OLDEST_NODE)
        ? ok(`Node ${node}`)
        : failure(`this is Node ${node}; ${OLDEST_NODE} or newer is needed`, `Install Node ${OLDEST_NODE} or newer.`);
      return Promise.resolve(finding);
    },
  },
  {
    id: 'git',
    needs: [],
    examine: async () => {
      const version = await gitVersion();
      if (isAtLeast(version, OLDEST_GIT)) return ok(`git ${version}`);
      return failure(`this is git ${version}; ${OLDEST_GIT} or newer is needed`, `Install git ${OLDEST_GIT} or newer.`);
    },
  },
  {
    id: 'merge-tree',
    needs: ['git'],
    examine: async () =>
      (await canMergeInMemory())
        ? ok('git merges in memory')
        : failure('this git has no merge-tree --write-tree', `Install git ${OLDEST_GIT} or newer.`),
  },
];

/** Room where the state is kept. */
export const diskCheck: Check = {
  id: 'disk',
  needs: ['state-directory'],
  examine: async (patient) => {
    const directory = nearestDirectory(patient.know('places').directory);
    const { bavail, bsize } = await statfs(directory);
    const free = bavail * bsize;
    const detail = `${(free / 1024 ** 3).toFixed(1)} GiB free at ${directory}`;
    return free < DISK_LOW_BYTES ? warning(detail, 'Make room: lanes, gates and the store need it.') : ok(detail);
  },
};

/** The path itself, or what of it is there. */
export function nearestDirectory(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : nearestDirectory(dirname(path));
}
