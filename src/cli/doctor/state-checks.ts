import { accessSync, constants, existsSync, statSync } from 'node:fs';

import { chmod } from '../../process/file-system.ts';
import { errnoOf } from '../../process/errno.ts';
import { checkStore } from '../../store/sqlite-check.ts';
import { fail, NEVER_RAN, pass, skip, warn } from './check.ts';
import type { Check, Finding } from './check.ts';
import { nearestDirectory } from './machine-checks.ts';
import type { Patient } from './patient.ts';

const OWNER_ONLY = 0o700;

export const stateDirectoryCheck: Check = {
  id: 'state-directory',
  requires: ['repository'],
  examine: examineDirectory,
  repair: closeDirectory,
};

export const storeCheck: Check = { id: 'store', requires: ['state-directory'], examine: examineStore };

async function examineDirectory(patient: Patient): Promise<Finding> {
  const places = await patient.context.compose.places(patient.know('repository').commonDirectory);
  const { directory } = places;
  const there = nearestDirectory(directory);
  const remedy = 'Make it writable, or name another one in YARD_STATE_DIR.';
  if (!statSync(there).isDirectory()) {
    return fail(`the state directory ${directory} cannot be made: ${there} is a file`, remedy);
  }
  try {
    accessSync(there, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    if (errnoOf(error) === null) throw error;
    return fail(`the state directory ${directory} cannot be written to: ${String(errnoOf(error))}`, remedy);
  }
  patient.learn('places', places);
  if (there === directory && isOpen(directory)) {
    return warn(
      `other users can look into ${directory}`,
      'yard doctor --repair closes it.',
      'Nothing is lost; what agents said and wrote can be read.',
    );
  }
  return pass(there === directory ? directory : `${directory}, made at the first run`);
}

async function examineStore(patient: Patient): Promise<Finding> {
  const { storeFile } = patient.know('places');
  if (!existsSync(storeFile)) return skip(NEVER_RAN);
  const state = checkStore(storeFile);
  if (state === null) return skip(NEVER_RAN);
  if (state.damage !== null) {
    return fail(
      `the store ${storeFile} is damaged: ${state.damage}`,
      'Move it out of the way with its -wal and -shm, and restore it from a copy; without one, the next run starts a new one from the task files.',
      'What has landed is in your repository; commits of attempts are in the depot, and lanes hold their files.',
    );
  }
  const reading = await patient.context.compose.reading(patient.context.cwd);
  patient.learn('reading', reading);
  const rows = await reading.reader.rows();
  patient.learn('rows', rows);
  return pass(`version ${state.version}, ${rows.length} ${rows.length === 1 ? 'task' : 'tasks'}`);
}

/** What the directory holds is nobody else's business: prompts, transcripts, copies of the code. */
async function closeDirectory(patient: Patient): Promise<string[]> {
  const { directory } = patient.know('places');
  if (!isOpen(directory)) return [];
  await chmod(directory, OWNER_ONLY);
  return [`${directory} is now for its owner alone`];
}

function isOpen(directory: string): boolean {
  return (statSync(directory).mode & 0o077) !== 0;
}
