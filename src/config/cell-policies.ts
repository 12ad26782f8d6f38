import { agentChain, agentName } from '../core/agent-spec.ts';
import type { NamedPolicy } from '../core/sandbox-report.ts';
import type { Config } from './schema.ts';

/** Every policy by which something is started. */
export function cellPolicies(config: Config): NamedPolicy[] {
  const defaults = agentChain(config.defaults.agent).map(agentName);
  // What every program has without an entry has nothing of its own.
  const isDefault = (name: string): boolean => defaults.includes(name);
  return [
    ...Object.entries(config.agents)
      .filter(([name, { declared }]) => declared || isDefault(name))
      .map(([name, { cell }]) => ({ name: `agents.${name}`, policy: cell })),
    ...Object.entries(config.gates).map(([name, { cell }]) => ({ name: `gates.${name}`, policy: cell })),
    ...(config.prewarm.length === 0 ? [] : [{ name: 'prewarm', policy: config.sandbox.prewarm }]),
  ];
}
