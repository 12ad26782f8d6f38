import { bareConfig } from '../../config/bare-config.ts';
import type { CommandContext } from '../context.ts';
import { knownAgents } from './known-agents.ts';

/** What is installed, of the agents that can work. */
export interface AgentProposal {
  /** The first that is logged in; null: there is none. */
  readonly usable: string | null;
  /** Those that nobody is logged in to, each with how that is done. */
  readonly loggedOut: readonly { readonly name: string; readonly logIn: string | null }[];
}

export async function proposeAgent(env: CommandContext['env']): Promise<AgentProposal> {
  const agents = await knownAgents(bareConfig(), env, false);
  const installed = agents.filter(({ path, capabilities }) => path !== null && capabilities?.reviewOnly === false);
  return {
    usable: installed.find(({ login }) => login.kind === 'key' || login.kind === 'file')?.name ?? null,
    loggedOut: installed.filter(({ login }) => login.kind === 'none').map(({ name, logIn }) => ({ name, logIn })),
  };
}
