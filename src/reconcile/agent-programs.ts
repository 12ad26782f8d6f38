import { agentEnvironment, namedAccount } from '../agents/account.ts';
import { findAdapterProgram, programMissing } from '../agents/program/adapter.ts';
import { howToLogIn, loginState } from '../agents/program/login-state.ts';
import { adapterOf, programSettings } from '../agents/registry.ts';
import { isPlaceholder } from '../config/init.ts';
import { CONFIG_FILE } from '../config/load.ts';
import type { AgentConfig, Config } from '../config/schema.ts';
import type { ProgramKind } from '../core/agent-kind.ts';
import { agentChain, agentName } from '../core/agent-spec.ts';
import { priceOf, unknownPrice } from '../core/price.ts';
import { PRICES } from '../core/prices.ts';
import { UserError } from '../core/user-error.ts';

/** What stands in the way of the agents that work can be given to. */
export interface AgentPrograms {
  /** No link of this chain is installed, or was ever named: what it is given cannot be worked on. */
  readonly missing: UserError | null;
  /** Links of chains that are not installed, while others are; accounts without a login; models without a price. */
  readonly warnings: readonly string[];
}

/**
 * Looks for the programs of the agents in use, and for their logins. Whoever runs a command of their own is not asked.
 * @param chains as defaults and tasks name them. @throws UserError for a spec that says no program.
 */
export async function checkPrograms(
  config: Config,
  chains: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<AgentPrograms> {
  const warnings: string[] = [];
  for (const chain of new Set([config.defaults.agent, ...chains])) {
    const links = await Promise.all(agentChain(chain).map((spec) => lookAt(config, spec, env)));
    const missing = links.flatMap(({ error }) => error ?? []);
    const [first] = missing;
    if (first !== undefined && missing.length === links.length) return { missing: first, warnings };
    warnings.push(...missing.map(({ message }) => message), ...links.flatMap((link) => link.warnings));
  }
  return { missing: null, warnings: [...new Set(warnings)] };
}

interface Link {
  readonly error: UserError | null;
  readonly warnings: readonly string[];
}

async function lookAt(config: Config, spec: string, env: Readonly<Record<string, string | undefined>>): Promise<Link> {
  const name = agentName(spec);
  const agent = config.agents[name];
  if (isPlaceholder(agent)) {
    return { error: notNamed(name, await installedAgent(config, env)), warnings: [] };
  }
  if (agent === undefined || agent.kind === 'command' || agent.kind === 'replay') return { error: null, warnings: [] };
  const { adapter, settings, isInstalled, login } = await inspectProgram(config, spec, agent, env);
  if (!isInstalled) return { error: programMissing(adapter, settings), warnings: [] };
  const warnings: string[] = [];
  if (login.kind === 'none') {
    const how = howToLogIn(adapter, namedAccount(config, agent.pool));
    warnings.push(`nobody is logged in to ${name}, as far as that shows${how === null ? '' : `; ${how}`}`);
  }
  const { model } = settings;
  // What an ACP program is told has the name of the program in it.
  const isPriced = agent.kind === 'acp' || adapter.capabilities(settings).cost !== 'tokens';
  if (!isPriced && model !== null && priceOf(model, { ...PRICES, ...config.prices }) === null) {
    warnings.push(unknownPrice(model));
  }
  return { error: null, warnings };
}

type ProgramConfig = Extract<AgentConfig, { readonly kind: ProgramKind }>;

async function inspectProgram(
  config: Config,
  spec: string,
  agent: ProgramConfig,
  env: Readonly<Record<string, string | undefined>>,
) {
  const settings = programSettings(spec, agentName(spec), agent, config);
  const adapter = await adapterOf(agent.kind, settings);
  const environment = agentEnvironment(config, agent, env);
  const isInstalled = findAdapterProgram(adapter, settings, environment['PATH'] ?? '') !== null;
  return { adapter, settings, isInstalled, login: loginState(adapter, settings.accountHome, environment) };
}

/** What `init` writes where it finds no agent only fails, which is better said before. @param installed one that could be named. */
function notNamed(name: string, installed: string | null): UserError {
  const other = `a command of your own under agents.${name}.run, which gets the prompt on stdin`;
  return new UserError({
    code: 'no-agent',
    message: `no agent is set: agents.${name}.run is the command that only fails`,
    hint:
      installed === null
        ? `Install one of those that yard agents lists and name it as defaults.agent, or ${other}.`
        : `Set defaults.agent: ${installed}, which is installed (yard agents has all), or ${other}.`,
    place: { file: CONFIG_FILE },
  });
}

/** The first whose program is there, of those that can work; one that somebody is logged in to before others. */
async function installedAgent(
  config: Config,
  env: Readonly<Record<string, string | undefined>>,
): Promise<string | null> {
  let found: string | null = null;
  for (const [name, agent] of Object.entries(config.agents)) {
    // Which program these are, only their entries or specs say.
    if (agent.kind === 'command' || agent.kind === 'replay' || agent.kind === 'acp') continue;
    const { adapter, settings, isInstalled, login } = await inspectProgram(config, name, agent, env);
    if (!isInstalled || adapter.capabilities(settings).reviewOnly) continue;
    if (login.kind === 'key' || login.kind === 'file') return name;
    found ??= name;
  }
  return found;
}
