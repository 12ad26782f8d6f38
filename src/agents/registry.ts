import type { AgentConfig } from '../config/schema.ts';
import { impossible } from '../core/impossible.ts';
import { agentName } from '../core/preflight.ts';
import { UserError } from '../core/user-error.ts';
import type { Json } from '../core/yard-event.ts';
import type { Agent } from './agent.ts';
import { commandAgent } from './command.ts';
import { parseRecipes } from './recipe.ts';
import { replayAgent } from './replay.ts';

export interface AgentSettings {
  readonly agents: Readonly<Record<string, AgentConfig>>;
  /** Of the replay agents, by name; checked when they were pinned. */
  readonly recipes: Readonly<Record<string, unknown>>;
  /** Program and arguments that start this package itself. */
  readonly self: readonly string[];
}

/** The adapter for an agent spec `name[:model[:effort]]`. @throws UserError `no-such-agent`. */
export function makeAgent(spec: string, settings: AgentSettings): Agent {
  const name = agentName(spec);
  const config = settings.agents[name];
  if (config === undefined) {
    throw new UserError({
      code: 'no-such-agent',
      message: `the agent ${name} is not configured`,
      hint: `Known agents: ${Object.keys(settings.agents).join(', ') || 'none'}.`,
    });
  }
  switch (config.kind) {
    case 'command':
      return commandAgent({ name, run: config.run });
    case 'replay': {
      const parsed = parseRecipes((settings.recipes[name] ?? {}) as Json);
      if (parsed.kind === 'bad') throw new Error(`the recipes of ${name} are broken: ${parsed.why}`);
      return replayAgent({ name, recipes: parsed.recipes, self: settings.self });
    }
    default:
      throw impossible(config satisfies never);
  }
}
