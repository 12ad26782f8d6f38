import { checkEligibility } from '../../git/eligibility.ts';
import { currentCommit, findRepository } from '../../git/repository.ts';
import { noCommits } from '../../reconcile/readiness.ts';
import { pass, warn } from './check.ts';
import type { Check } from './check.ts';

/** Whether a yard can work on this repository at all. */
export const repositoryCheck: Check = {
  id: 'repository',
  requires: ['git'],
  examine: async (patient) => {
    const repository = await findRepository(patient.context.cwd);
    const current = await currentCommit(repository);
    if (current === null) throw noCommits(repository);
    const { submodules } = await checkEligibility(repository, current.commit);
    patient.learn('repository', repository);
    if (submodules.length === 0) return pass(`${repository.root}, ${repository.format}`);
    return warn(
      `submodules are left empty in lanes and gates: ${submodules.join(', ')}`,
      'Let no task or gate depend on their files.',
    );
  },
};
