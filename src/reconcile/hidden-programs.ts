import { isAbsolute } from 'node:path';

import { agentsInUse } from '../config/cell-policies.ts';
import type { AgentConfig, Config } from '../config/schema.ts';
import { chooseSandbox } from '../core/sandbox-choice.ts';
import type { SandboxSupport } from '../core/sandbox-choice.ts';
import { isHiddenFromCell } from '../sandbox/hidden-from-cell.ts';
import type { HidingPlaces } from '../sandbox/hidden-from-cell.ts';
import { realPath } from '../sandbox/mounts.ts';
import { modulesAround } from '../sandbox/toolchain.ts';

/**
 * A sentence for each agent whose program is there, and not in its cell, so that no turn of it would come to anything.
 * What is found on PATH is in every cell; a path that the configuration names need not be.
 * @param chains of agents that tasks name.
 */
export function hiddenPrograms(
  config: Config,
  chains: readonly string[],
  support: SandboxSupport,
  places: HidingPlaces,
): string[] {
  return agentsInUse(config, chains).flatMap(([name, agent]) => {
    const choice = chooseSandbox(agent.cell.kind, support);
    const program = programOf(agent);
    const real = program === null ? null : realPath(program);
    // A container has programs of its own; what runs this package itself is in every cell.
    if (real === realPath(process.execPath)) return [];
    if (program === null || real === null || choice.kind !== 'chosen' || choice.sandbox !== 'bubblewrap') return [];
    const hidden = [program, real].filter((path) => isHiddenFromCell(path, agent.cell, places));
    if (hidden.length === 0) return [];
    const toName = new Set(hidden.map((path) => modulesAround(path) ?? path));
    const what = [...toName].join(' and ');
    return [`the program ${program} of agents.${name} is hidden in its cell: name ${what} under sandbox.agents.read`];
  });
}

/** Null: it is looked for on PATH, or in the lane, or only a shell could tell. */
function programOf(agent: AgentConfig): string | null {
  if (agent.kind === 'replay') return null;
  const first = typeof agent.run === 'string' ? /^\/[\w./@+-]+(?=\s|$)/.exec(agent.run.trim())?.[0] : agent.run?.[0];
  return first !== undefined && isAbsolute(first) ? first : null;
}
