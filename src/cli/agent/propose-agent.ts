import { bareConfig } from '../../config/bare-config.ts';
import type { CommandContext } from '../context.ts';
import { knownAgent, knownAgents } from './known-agents.ts';
import type { KnownAgent } from './known-agents.ts';

/** What is installed, of the agents that can work. */
export interface AgentProposal {
  /** The first that is logged in; null: there is none. */
  readonly usable: string | null;
  /** Those that nobody is logged in to. */
  readonly loggedOut: readonly LoggedOut[];
}

/** An agent that is installed, and how one logs in to it. */
export interface LoggedOut {
  readonly name: string;
  readonly logIn: string | null;
}

export async function proposeAgent(env: CommandContext['env']): Promise<AgentProposal> {
  const agents = await knownAgents(bareConfig(), env, false);
  const installed = agents.filter(({ path, capabilities }) => path !== null && capabilities?.reviewOnly === false);
  return {
    usable: installed.find(({ login }) => login.kind === 'key' || login.kind === 'file')?.name ?? null,
    loggedOut: installed.flatMap((agent) => loggedOutOf(agent) ?? []),
  };
}

/** One that is named; null: it is not installed, or nothing says that nobody is logged in. */
export async function nobodyIn(spec: string, env: CommandContext['env']): Promise<LoggedOut | null> {
  return loggedOutOf(await knownAgent(spec, bareConfig(), false, env));
}

function loggedOutOf({ name, path, login, logIn }: KnownAgent): LoggedOut | null {
  return path !== null && login.kind === 'none' ? { name, logIn } : null;
}
