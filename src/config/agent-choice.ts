import type { AgentChoice } from '../core/agent-pools.ts';
import { parseAgentSpec } from '../core/agent-spec.ts';
import type { Config } from './schema.ts';

/** An agent of the configuration, of which an older version has written less. */
export interface PinnedAgent {
  readonly pool?: string | null;
  readonly model?: string | null;
}

/** What a spec stands for by this configuration. */
export function choiceOf(spec: string, { agents }: Pick<Config, 'agents'>): AgentChoice {
  const { name, model } = parseAgentSpec(spec);
  const entry: PinnedAgent = Object.hasOwn(agents, name) ? (agents[name] ?? {}) : {};
  return { spec, name, pool: entry.pool ?? null, model: model ?? entry.model ?? null };
}
