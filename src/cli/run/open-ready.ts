import { codeOf } from '../../core/error-code.ts';
import { loadConfig } from '../../config/load.ts';
import { findRepository } from '../../git/repository.ts';
import type { Repository } from '../../git/repository.ts';
import { checkReady, makeTarget } from '../../reconcile/readiness.ts';
import { checkGrantedPlaces, readRecipes } from '../../reconcile/settings.ts';
import type { LocalYard } from '../../reconcile/yard.ts';
import { forgetSupport } from '../../sandbox/find-support.ts';
import { refuseDamaged } from '../../store/sqlite-check.ts';
import type { TaskRow } from '../../store/store.ts';
import type { CommandContext } from '../context.ts';

/** Opens the yard to be driven. What is wrong is said before anything is made, the state directory included. */
export async function openReady(context: CommandContext): Promise<LocalYard> {
  const { output, compose, cwd, env } = context;
  const repository = await findRepository(cwd);
  const { config, warnings } = await loadConfig(repository.root, env);
  readRecipes(repository.root, config);
  const { root, commonDirectory } = repository;
  const { directory } = await compose.places(commonDirectory);
  checkGrantedPlaces(config, { root, commonDirectory, stateDirectory: directory });
  const ready = await checkReady(repository, config, await knownRows(context, repository));
  await forgetSupport(directory);
  const yard = await compose.yard(cwd);
  try {
    const ofCells = await yard.settings.requireSandboxes();
    for (const warning of [...warnings, ...ready.warnings, ...ofCells]) output.warn(warning);
    const { missingTargetAt } = ready;
    if (missingTargetAt !== null && (await makeTarget(yard, config.target, missingTargetAt))) {
      output.say(`created the target ${config.target} at ${missingTargetAt.slice(0, 12)}`);
    }
    return yard;
  } catch (error) {
    await yard.store.close();
    throw error;
  }
}

async function knownRows(
  { compose, cwd }: CommandContext,
  { commonDirectory }: Repository,
): Promise<readonly TaskRow[]> {
  try {
    refuseDamaged((await compose.places(commonDirectory)).storeFile);
    const { reader } = await compose.reading(cwd);
    try {
      return await reader.rows();
    } finally {
      await reader.close();
    }
  } catch (error) {
    // Nothing has run yet, or the store is brought up to date when it is opened: the files say enough.
    const code = codeOf(error);
    if (code === 'no-yard' || code === 'store-older') return [];
    throw error;
  }
}
