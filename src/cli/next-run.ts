import { statSync } from 'node:fs';
import { join } from 'node:path';

import { cellPolicies } from '../config/cell-policies.ts';
import type { Pin } from '../config/pin.ts';
import type { Config } from '../config/schema.ts';
import type { SandboxSupport } from '../core/sandbox-choice.ts';
import { reportSandboxes } from '../core/sandbox-report.ts';
import { isUserError } from '../core/user-error.ts';
import { findProgram } from '../process/find-program.ts';
import type { CommandContext, Reading } from './context.ts';

const CONFIG_FILES = ['.yard/config.yaml', '.yard/config.local.yaml'];

/**
 * Why the next `yard run` will refuse what the configuration says of sandboxes, as far as a look without starting
 * anything can tell; null where it tells nothing. The configuration is read only if it has changed since the last run.
 */
export async function refusalOfNextRun(reading: Reading, env: CommandContext['env']): Promise<string | null> {
  const { pin, pinnedMs, location } = reading;
  // The pin of an older Yardmaster knows of no sandbox.
  if (pin === null || pinnedMs === null || (pin as Partial<Pin>).sandboxes === undefined) return null;
  const isChanged = CONFIG_FILES.some((file) => isNewer(join(location.root, file), pinnedMs));
  try {
    const config = isChanged ? await newConfig(location.root, env) : pin.config;
    // Whether an engine of containers answers is known only by asking it.
    const policies = cellPolicies(config).filter(({ policy }) => policy.kind !== 'container');
    const [problem] = reportSandboxes(policies, supportSeen(env)).problems;
    return problem === undefined ? null : `the sandbox of ${problem.name} cannot be had: ${problem.why}`;
  } catch (error) {
    if (!isUserError(error)) throw error;
    return error.message;
  }
}

async function newConfig(root: string, env: CommandContext['env']): Promise<Config> {
  const { loadConfig } = await import('../config/load.ts');
  return (await loadConfig(root, env)).config;
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

function isNewer(path: string, thanMs: number): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat !== undefined && Math.max(stat.mtimeMs, stat.ctimeMs) > thanMs;
}
