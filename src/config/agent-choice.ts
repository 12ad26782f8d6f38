import type { AgentChoice } from '../core/agent-pools.ts';
import { parseAgentSpec, splitProgram } from '../core/agent-spec.ts';
import type { Config } from './schema.ts';

/** An agent of the configuration, of which an older version has written less. */
export interface PinnedAgent {
  readonly pool?: string | null;
  readonly model?: string | null;
  readonly kind?: string;
  readonly run?: string | readonly string[] | null;
  readonly declared?: boolean;
}

/** What a spec stands for by this configuration. */
export function choiceOf(spec: string, { agents, pools = {} }: ChoiceConfig): AgentChoice {
  const { name, model } = parseAgentSpec(spec);
  const entry: PinnedAgent = Object.hasOwn(agents, name) ? (agents[name] ?? {}) : {};
  const choice = { spec, name, pool: entry.pool ?? null, model: model ?? entry.model ?? null };
  if (entry.kind !== 'acp' || (entry.run ?? null) !== null || choice.model === null) return choice;
  const { program, model: own } = splitProgram(choice.model);
  const isShared = entry.declared === true || Object.hasOwn(pools, choice.pool ?? '');
  return {
    ...choice,
    model: own,
    // Programs of several providers have nothing in common but how they are spoken with.
    pool: isShared ? choice.pool : `${choice.pool}:${program}`,
  };
}

type ChoiceConfig = Pick<Config, 'agents'> & Partial<Pick<Config, 'pools'>>;
