import { bareConfig } from '../../config/bare-config.ts';
import type { CommandContext } from '../context.ts';
import { knownAgents } from './known-agents.ts';

/** The first agent that is installed and logged in; null: there is none. */
export async function proposeAgent(env: CommandContext['env']): Promise<string | null> {
  const agents = await knownAgents(bareConfig(), env, false);
  const usable = agents.find(
    ({ path, login, capabilities }) =>
      path !== null && (login.kind === 'key' || login.kind === 'file') && capabilities?.reviewOnly === false,
  );
  return usable?.name ?? null;
}
