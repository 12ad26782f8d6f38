import { agentChain, agentName } from '../core/agent-spec.ts';
import type { NamedPolicy } from '../core/sandbox-report.ts';
import type { AgentConfig, Config } from './schema.ts';

/**
 * Every policy by which something is started.
 * @param chains of agents that tasks name: what every program has without an entry has nothing of its own, and is left
 * out unless somebody uses it.
 */
export function cellPolicies(config: Config, chains: readonly string[] = []): NamedPolicy[] {
  return [
    ...agentsInUse(config, chains).map(([name, { cell }]) => ({ name: `agents.${name}`, policy: cell })),
    ...Object.entries(config.gates).map(([name, { cell }]) => ({ name: `gates.${name}`, policy: cell })),
    ...(config.prewarm.length === 0 ? [] : [{ name: 'prewarm', policy: config.sandbox.prewarm }]),
  ];
}

/** Agents that stand in the configuration, or that its defaults or these chains name. */
export function agentsInUse(config: Config, chains: readonly string[]): [string, AgentConfig][] {
  const named = new Set([config.defaults.agent, ...chains].flatMap(agentChain).map(agentName));
  return Object.entries(config.agents).filter(([name, { declared }]) => declared || named.has(name));
}
