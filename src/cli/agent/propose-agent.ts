import { agentSpec } from '../../config/agent-schema.ts';
import { bareConfig } from '../../config/bare-config.ts';
import { agentName } from '../../core/agent-spec.ts';
import { inertLine } from '../../core/inert.ts';
import { UserError } from '../../core/user-error.ts';
import type { CommandContext } from '../context.ts';
import { knownAgents, noSuchAgent } from './known-agents.ts';

/** The first agent that is installed and logged in; null: there is none. */
export async function proposeAgent(env: CommandContext['env']): Promise<string | null> {
  const agents = await knownAgents(bareConfig(), env, false);
  const usable = agents.find(
    ({ path, login, capabilities }) =>
      path !== null && (login.kind === 'key' || login.kind === 'file') && capabilities?.reviewOnly === false,
  );
  return usable?.name ?? null;
}

/** @throws UserError `bad-agent`, `no-such-agent`. */
export function checkAgentSpec(spec: string): string {
  if (!agentSpec.safeParse(spec).success) {
    throw new UserError({
      code: 'bad-agent',
      message: `${JSON.stringify(inertLine(spec, 100))} is not an agent`,
      hint: 'Write a name, name:model or name:model:effort, such as claude or codex:gpt-5.5:high.',
    });
  }
  const config = bareConfig();
  const name = agentName(spec);
  if (!Object.hasOwn(config.agents, name)) throw noSuchAgent(name, config);
  return spec;
}
