import { howToLogIn, loginState } from '../../agents/program/login-state.ts';
import type { LoginState } from '../../agents/program/login-state.ts';
import type { Capabilities } from '../../agents/agent.ts';
import { findAdapterProgram } from '../../agents/program/adapter.ts';
import type { Adapter, ProgramSettings } from '../../agents/program/adapter.ts';
import { agentEnvironment, namedAccount } from '../../agents/account.ts';
import type { NamedAccount } from '../../agents/account.ts';
import { isUserError, UserError } from '../../core/user-error.ts';
import { adapterOf, programSettings } from '../../agents/registry.ts';
import { ACCOUNT_VARIABLES } from '../../config/account-variables.ts';
import { bareConfig } from '../../config/bare-config.ts';
import { loadConfig } from '../../config/load.ts';
import type { AgentConfig, Config } from '../../config/schema.ts';
import type { ProgramKind } from '../../core/agent-kind.ts';
import { agentChain, agentName } from '../../core/agent-spec.ts';
import { nearest } from '../../core/nearest.ts';
import { findRepository } from '../../git/repository.ts';
import type { Repository } from '../../git/repository.ts';
import { findProgram } from '../../process/find-program.ts';
import { inertLine } from '../../core/inert.ts';
import { runProcess } from '../../process/run.ts';
import type { CommandContext } from '../context.ts';

/** What is known of an agent without running a turn of it. */
export interface KnownAgent {
  /** As tasks name it. */
  readonly name: string;
  readonly kind: AgentConfig['kind'];
  /** It stands in the configuration, or the defaults name it. */
  readonly configured: boolean;
  /** Name of its program; null: it needs none, or only a shell could tell. */
  readonly program: string | null;
  /** Where that is; null: it is not installed. */
  readonly path: string | null;
  /** As the program itself tells it; null: it was not asked, or did not. */
  readonly version: string | null;
  readonly login: LoginState;
  /** How one logs in to it; null: there is nothing to log in to, or nobody knows. */
  readonly logIn: string | null;
  /** Without a login it surely gets no answer. */
  readonly needsLogin: boolean;
  readonly protocol: string;
  /** Null: nothing beyond a plain turn. */
  readonly capabilities: Capabilities | null;
  /** How its adapter is proven; null: there is nothing to prove. */
  readonly proven: Adapter['proven'] | null;
  /** How its program is installed. */
  readonly install: string | null;
}

/** The configuration of the repository here; outside of one, or before `yard init`, what holds without. */
export async function configHere({ cwd, env }: Pick<CommandContext, 'cwd' | 'env'>): Promise<{
  readonly config: Config;
  readonly repository: Repository | null;
}> {
  try {
    const repository = await findRepository(cwd);
    return { config: (await loadConfig(repository.root, env)).config, repository };
  } catch (error) {
    if (!isUserError(error) || (error.code !== 'no-repository' && error.code !== 'no-config')) throw error;
    return { config: bareConfig(), repository: null };
  }
}

/** All agents: those of the configuration first, then the built-in ones; versions are asked for at once. */
export async function knownAgents(
  config: Config,
  env: CommandContext['env'],
  isConfigured: boolean,
): Promise<KnownAgent[]> {
  const defaults = new Set(isConfigured ? agentChain(config.defaults.agent).map(agentName) : []);
  const entries = Object.entries(config.agents).map(([name, agent]) => ({
    name,
    agent,
    configured: agent.declared || defaults.has(name),
  }));
  const order = [...entries.filter(({ configured }) => configured), ...entries.filter((entry) => !entry.configured)];
  return Promise.all(order.map(({ name, configured }) => knownAgent(name, config, configured, env)));
}

/** One agent as a spec names it. @throws UserError `no-such-agent`. */
export async function knownAgent(
  spec: string,
  config: Config,
  configured: boolean,
  env: CommandContext['env'],
): Promise<KnownAgent> {
  const name = agentName(spec);
  const agent = config.agents[name];
  if (agent === undefined) throw noSuchAgent(name, config);
  const environment = agentEnvironment(config, agent, env);
  const path = environment['PATH'] ?? '';
  const common = { name: spec, kind: agent.kind, configured };
  switch (agent.kind) {
    case 'replay':
      return { ...common, ...OWN, program: null, path: null, protocol: 'recipe' };
    case 'command': {
      const program = typeof agent.run === 'string' ? null : (agent.run[0] ?? null);
      const found = program === null ? null : findProgram(program, path);
      return { ...common, ...OWN, program, path: found, protocol: 'prompt on stdin' };
    }
    default:
      return {
        ...common,
        ...(await knownProgram(
          programSettings(spec, name, agent, config),
          agent,
          environment,
          namedAccount(config, agent.pool),
        )),
      };
  }
}

const PAGE = 'https://agentclientprotocol.com/overview/agents';
const OWN = {
  version: null,
  login: { kind: 'unknown' },
  logIn: null,
  needsLogin: false,
  capabilities: null,
  proven: null,
  install: null,
} as const;

async function knownProgram(
  settings: ProgramSettings,
  agent: AgentConfig & { readonly kind: ProgramKind },
  environment: Readonly<Record<string, string>>,
  account: NamedAccount | null,
): Promise<Omit<KnownAgent, 'name' | 'kind' | 'configured'>> {
  const adapter = await adapterHere(agent.kind, settings);
  if (adapter === null) {
    const isOpen = agent.kind === 'acp';
    return { ...OWN, program: null, path: null, protocol: isOpen ? 'ACP v1' : '-', install: isOpen ? PAGE : null };
  }
  const command = findAdapterProgram(adapter, settings, environment['PATH'] ?? '');
  return {
    program: settings.run?.[0] ?? adapter.program,
    path: command?.[0] ?? null,
    version: command === null || agent.kind === 'acp' ? null : await versionOf(command, environment),
    login: loginState(adapter, settings.accountHome, environment),
    logIn: howToLogIn(adapter, account),
    needsLogin: adapter.needsLogin && !hasGateway(agent.kind, environment),
    protocol: adapter.protocol(settings),
    capabilities: adapter.capabilities(settings),
    proven: adapter.proven,
    install: adapter.install,
  };
}

/** An address of the operator's own may ask nobody who they are. */
function hasGateway(kind: ProgramKind, environment: Readonly<Record<string, string>>): boolean {
  return ACCOUNT_VARIABLES[kind].some((name) => name.endsWith('_BASE_URL') && (environment[name] ?? '') !== '');
}

/** Null: which program it is, only a spec says (`acp:gemini`), or no adapter is in this version. */
async function adapterHere(kind: ProgramKind, settings: ProgramSettings): Promise<Adapter | null> {
  try {
    return await adapterOf(kind, settings);
  } catch (error) {
    if (!isUserError(error)) throw error;
    return null;
  }
}

const VERSION_TIMEOUT_MS = 15_000;

/** The first line that has a number in it. A program that hangs, or knows no such option, tells none. */
async function versionOf(
  [file, ...args]: readonly [string, ...string[]],
  env: Readonly<Record<string, string>>,
): Promise<string | null> {
  const options = { cwd: '/', env, timeoutMs: VERSION_TIMEOUT_MS, maxOutputBytes: 16 * 1024 };
  const result = await runProcess(file, [...args, '--version'], options);
  if (result.kind !== 'exited' || result.code !== 0) return null;
  const found = /\d+\.\d[\w.+-]*/u.exec(result.stdout.toString('utf8'));
  return found === null ? null : inertLine(found[0], 60);
}

export function noSuchAgent(name: string, config: Config): UserError {
  const known = Object.keys(config.agents);
  const near = nearest(name, known);
  return new UserError({
    code: 'no-such-agent',
    message: `the agent ${inertLine(name, 60)} is not configured`,
    hint: `${near === null ? '' : `did you mean ${near}? `}Known agents: ${known.join(', ')}.`,
  });
}
