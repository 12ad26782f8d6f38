import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { CONFIG_FILE, LOCAL_CONFIG_FILE } from '../../config/load.ts';
import { hooksOf } from '../../git/hooks.ts';
import { isIgnored, isTracked } from '../../git/known-path.ts';
import { findLock, possibleHolders } from '../../git/stale-lock.ts';
import type { Repository } from '../../git/repository.ts';
import { pass, warn } from './check.ts';
import type { Check, Finding } from './check.ts';
import type { Patient } from './patient.ts';

/**
 * What in the repository surprises a person later. Untracked files are none of it, however large: no lane and no gate is
 * filled from the working tree.
 */
export const hygieneCheck: Check = { id: 'hygiene', requires: ['repository'], examine };

/** Held by git itself for moments. The target's own lock is the check `locks`. */
const LOCKS = ['index.lock', 'HEAD.lock', 'packed-refs.lock', 'config.lock', 'shallow.lock'];

/** Hooks that people rely on, and that a landing does not run. */
const GUARDS = new Set([
  'pre-commit',
  'commit-msg',
  'pre-merge-commit',
  'pre-push',
  'pre-receive',
  'update',
  'reference-transaction',
]);

async function examine(patient: Patient): Promise<Finding> {
  const repository = patient.know('repository');
  const abandoned = LOCKS.flatMap((name) => {
    const lock = findLock(join(repository.commonDirectory, name));
    return lock === null || possibleHolders(lock, null).length > 0 ? [] : [lock.path];
  });
  const [first] = abandoned;
  if (first !== undefined) {
    return warn(
      `a git of yours that was killed has left ${abandoned.join(', ')}`,
      `If no git of yours runs, remove it: rm ${first}`,
      'Lanes and gates do not use it; your own git commands, and perhaps a landing, fail on it.',
    );
  }
  if (existsSync(join(repository.root, LOCAL_CONFIG_FILE))) {
    const open = await openLocalConfig(repository);
    if (open !== null) return open;
  }
  const notes = [
    ...((await isTracked(repository, CONFIG_FILE)) ? [] : [`${CONFIG_FILE} is not committed: it counts here only`]),
    ...(await hookNote(repository)),
  ];
  return pass(notes.length === 0 ? 'no locks, nothing personal in the way' : notes.join('; '));
}

/** What is yours alone (paths, models, limits) would become everybody's. */
async function openLocalConfig(repository: Repository): Promise<Finding | null> {
  if (await isTracked(repository, LOCAL_CONFIG_FILE)) {
    return warn(
      `${LOCAL_CONFIG_FILE}, which is for this checkout alone, is committed`,
      `Take it out: git rm --cached ${LOCAL_CONFIG_FILE}, and add it to .gitignore.`,
    );
  }
  if (await isIgnored(repository, LOCAL_CONFIG_FILE)) return null;
  return warn(
    `${LOCAL_CONFIG_FILE}, which is for this checkout alone, is not ignored by git`,
    'Add it to .gitignore, before it is committed with everything else.',
  );
}

/** Not a fault: only to be known. */
async function hookNote(repository: Repository): Promise<string[]> {
  const hooks = (await hooksOf(repository)).filter((name) => GUARDS.has(name));
  return hooks.length === 0
    ? []
    : [`landings do not run your hooks (${hooks.join(', ')}): let the gate check what they do`];
}
