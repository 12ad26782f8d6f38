import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { findPin } from '../../config/pin.ts';
import { NEVER_RAN, pass, skip, warn } from './check.ts';
import type { Check, Finding } from './check.ts';
import type { Patient } from './patient.ts';

/** The configuration as work was started with it. */
export const pinsCheck: Check = {
  id: 'pins',
  requires: ['state-directory'],
  examine: (patient) => Promise.resolve(examine(patient)),
};

function examine(patient: Patient): Finding {
  const { directory } = patient.know('places');
  const currentFile = join(directory, 'current-pin');
  if (!existsSync(currentFile)) return skip(NEVER_RAN);
  const current = readFileSync(currentFile, 'utf8').trim();
  if (findPin(directory, current) !== null)
    return pass(`in force: ${current.slice(0, 12)}, of ${countPins(directory)}`);
  return warn(
    `the configuration that work was started with last is gone, or damaged: ${join(directory, 'pins', `${current}.json`)}`,
    'The next yard run writes it again. One that runs now starts nothing more: end it first.',
    'It is a copy of .yard/config.yaml. Attempts that run have read it.',
  );
}

function countPins(stateDirectory: string): number {
  return readdirSync(join(stateDirectory, 'pins')).filter((name) => name.endsWith('.json')).length;
}
