import type { AgentConfig, Config } from '../config/schema.ts';
import type { ProgramKind } from '../core/agent-kind.ts';
import { agentName, parseAgentSpec } from '../core/agent-spec.ts';
import { UserError } from '../core/user-error.ts';
import type { Json } from '../core/yard-event.ts';
import { accountHome } from './account.ts';
import type { Agent } from './agent.ts';
import { commandAgent } from './command.ts';
import { programAgent } from './program/adapter.ts';
import type { Adapter, ProgramSettings } from './program/adapter.ts';
import { ADAPTERS } from './program/adapters.ts';
import { parseRecipes } from './recipe.ts';
import { replayAgent } from './replay.ts';

export interface AgentSettings {
  readonly agents: Readonly<Record<string, AgentConfig>>;
  readonly pools: Config['pools'];
  /** Of the replay agents, by name; checked when they were pinned. */
  readonly recipes: Readonly<Record<string, unknown>>;
  /** Program and arguments that start this package itself. */
  readonly self: readonly string[];
}

/** The agent for a spec `name[:model[:effort]]`. @throws UserError `no-such-agent`. */
export async function makeAgent(spec: string, settings: AgentSettings): Promise<Agent> {
  const name = agentName(spec);
  const config = settings.agents[name];
  if (config === undefined) {
    throw new UserError({
      code: 'no-such-agent',
      message: `the agent ${name} is not configured`,
      hint: `Known agents: ${Object.keys(settings.agents).join(', ') || 'none'}.`,
    });
  }
  if (config.kind === 'command') return commandAgent({ name, run: config.run });
  if (config.kind === 'replay') {
    const parsed = parseRecipes((settings.recipes[name] ?? {}) as Json);
    if (parsed.kind === 'bad') throw new Error(`the recipes of ${name} are broken: ${parsed.why}`);
    return replayAgent({ name, recipes: parsed.recipes, self: settings.self });
  }
  const program = programSettings(spec, name, config, settings);
  return programAgent(await adapterOf(config.kind, program), program);
}

export async function adapterOf(kind: ProgramKind, settings: ProgramSettings): Promise<Adapter> {
  const load = ADAPTERS[kind];
  if (load === undefined) {
    throw new UserError({
      code: 'no-adapter',
      message: `this version of Yardmaster has no adapter for ${kind}`,
      hint: 'Run it as a command, or update Yardmaster.',
    });
  }
  return load(settings);
}

type ProgramConfig = AgentConfig & { readonly kind: ProgramKind };

/** @param pools of the configuration: where the agent's account is. */
export function programSettings(
  spec: string,
  name: string,
  config: ProgramConfig,
  pools: Partial<Pick<Config, 'pools'>>,
): ProgramSettings {
  const { model, effort } = parseAgentSpec(spec);
  return {
    name,
    run: config.run,
    model: model ?? config.model,
    effort: effort ?? config.effort,
    protocol: config.protocol,
    accountHome: accountHome(pools, config.pool),
  };
}
