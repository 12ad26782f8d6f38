import type { Config } from '../config/schema.ts';
import { agentChain } from '../core/agent-spec.ts';

/** Every agent spec that work can be given to: those of the defaults, and those that tasks name; each link of a chain. */
export function agentsInUse({ defaults }: Pick<Config, 'defaults'>, named: readonly string[]): readonly string[] {
  return [...new Set([defaults.agent, ...named].flatMap(agentChain))];
}
