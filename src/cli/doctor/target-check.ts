import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { stillHolds } from '../../git/diagnosis.ts';
import { resolve } from '../../git/depot.ts';
import { toRefName } from '../../git/repository.ts';
import { readTarget } from '../../git/target.ts';
import { TARGET_RECORD } from '../../git/target-sync.ts';
import { checkTarget, symbolicTarget } from '../../reconcile/readiness.ts';
import { fail, pass } from './check.ts';
import type { Check, Finding } from './check.ts';
import type { Patient } from './patient.ts';

/** Whether what is proven can land. */
export const targetCheck: Check = { id: 'target', requires: ['config'], examine: examineTarget };

async function examineTarget(patient: Patient): Promise<Finding> {
  const repository = patient.know('repository');
  const { target } = patient.know('config');
  const state = await readTarget(repository, toRefName(target));
  if (state.kind === 'symbolic') throw symbolicTarget(target, state.to);
  checkTarget(repository, target);
  const known = await lastSeen(patient);
  if (state.kind === 'missing') {
    if (known === null) return pass(`${target}, made at the first run`);
    return fail(
      `the target ${target} does not exist any more`,
      `Restore it (git branch ${target} ${known.slice(0, 12)}), or accept this with: yard resume`,
    );
  }
  if (known !== null && known !== state.commit && !(await stillHolds(repository, known, state.commit))) {
    return fail(
      `the target ${target} was moved back to ${state.commit.slice(0, 12)}, which does not hold ${known.slice(0, 12)}`,
      'Move it forward again, or accept this with: yard resume',
    );
  }
  return pass(`${target} at ${state.commit.slice(0, 12)}`);
}

/** Where the target stood when the yard looked last. */
async function lastSeen(patient: Patient): Promise<string | null> {
  const places = patient.may('places');
  if (places === null) return null;
  const path = join(places.directory, 'depot.git');
  return existsSync(path) ? resolve({ path }, TARGET_RECORD) : null;
}
