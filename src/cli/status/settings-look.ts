import { statSync } from 'node:fs';
import { join } from 'node:path';

import { cellPolicies } from '../../config/cell-policies.ts';
import type { Pin } from '../../config/pin.ts';
import type { Config } from '../../config/schema.ts';
import type { SandboxSupport } from '../../core/sandbox-choice.ts';
import { reportSandboxes } from '../../core/sandbox-report.ts';
import { isUserError } from '../../core/user-error.ts';
import { findProgram } from '../../process/find-program.ts';
import type { CommandContext, Reading } from '../context.ts';

const LOCAL_FILE = '.yard/config.local.yaml';
const CONFIG_FILES = ['.yard/config.yaml', LOCAL_FILE];

/** What is wrong with the configuration as it is now, as far as a look without starting anything can tell. */
export interface SettingsLook {
  /** A mistake: a run that goes on keeps the last good one. */
  readonly mistake: string | null;
  /** A sandbox that is not to be had: the next run refuses to start. */
  readonly refusal: string | null;
}

const ALL_WELL: SettingsLook = { mistake: null, refusal: null };

/** The configuration is read only if it has changed since a run last took it. */
export async function lookAtSettings(reading: Reading, env: CommandContext['env']): Promise<SettingsLook> {
  const { pin, pinnedMs, location } = reading;
  // The pin of an older Yardmaster knows of no sandbox.
  if (pin === null || pinnedMs === null || (pin as Partial<Pin>).sandboxes === undefined) return ALL_WELL;
  const files = [...CONFIG_FILES, ...recipeFiles(pin.config)];
  const isChanged = files.some((file) => isChangedSince(join(location.root, file), pinnedMs));
  try {
    const config = isChanged ? await newConfig(reading, env) : pin.config;
    // Whether an engine of containers answers is known only by asking it.
    const policies = cellPolicies(config).filter(({ policy }) => policy.kind !== 'container');
    const [problem] = reportSandboxes(policies, supportSeen(env)).problems;
    if (problem === undefined) return ALL_WELL;
    return { mistake: null, refusal: `the sandbox of ${problem.name} cannot be had: ${problem.why}` };
  } catch (error) {
    if (!isUserError(error)) throw error;
    return { mistake: error.message, refusal: null };
  }
}

/** All that a scheduler reads with it is read too, since a mistake in any of it keeps the last good one in force. */
async function newConfig({ location, stateDirectory }: Reading, env: CommandContext['env']): Promise<Config> {
  const [{ loadConfig }, { checkGrantedPlaces, readRecipes }] = await Promise.all([
    import('../../config/load.ts'),
    import('../../reconcile/settings.ts'),
  ]);
  const { root, commonDirectory } = location;
  const { config } = await loadConfig(root, env);
  checkGrantedPlaces(config, { root, commonDirectory, stateDirectory });
  readRecipes(root, config);
  return config;
}

function recipeFiles({ agents }: Config): string[] {
  return Object.values(agents).flatMap((agent) =>
    agent.kind === 'replay' && typeof agent.recipes === 'string' ? [agent.recipes] : [],
  );
}

const NOT_LOOKED_FOR = { kind: 'missing', why: 'it was not looked for' } as const;

/** A program that is there is taken to work: whether it does is known only by using it. */
function supportSeen(env: CommandContext['env']): SandboxSupport {
  const program = process.platform === 'linux' ? findProgram('bwrap', env['PATH'] ?? '') : null;
  return {
    container: NOT_LOOKED_FOR,
    overlay: NOT_LOOKED_FOR,
    bubblewrap:
      program === null
        ? { kind: 'missing', why: 'bubblewrap (bwrap) is not installed' }
        : { kind: 'works', what: 'bubblewrap', program },
  };
}

/** One that is gone has changed, but for the local configuration, which few have. */
function isChangedSince(path: string, sinceMs: number): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return !path.endsWith(LOCAL_FILE);
  return Math.max(stat.mtimeMs, stat.ctimeMs) > sinceMs;
}
