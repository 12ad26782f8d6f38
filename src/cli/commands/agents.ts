import { agentChain, agentName } from '../../core/agent-spec.ts';
import { isPlaceholder } from '../../config/init.ts';
import type { Config } from '../../config/schema.ts';
import { codeOf } from '../../core/error-code.ts';
import { isProgramKind } from '../../core/agent-kind.ts';
import { UserError, isUserError } from '../../core/user-error.ts';
import { inertLine } from '../../core/inert.ts';
import { namedAgents } from '../../reconcile/named-agents.ts';
import { LocalTaskSource } from '../../trackers/local-files.ts';
import { readingOrNull } from '../account/account-reading.ts';
import { checkAgentSpec } from '../agent/check-spec.ts';
import { loginWord, renderAgents } from '../agent/agents-text.ts';
import { configHere, knownAgent, knownAgents } from '../agent/known-agents.ts';
import type { KnownAgent } from '../agent/known-agents.ts';
import { probeAgent } from '../agent/probe-agent.ts';
import type { Proof } from '../agent/probe-agent.ts';
import { isProven, renderProof } from '../agent/probe-text.ts';
import { providerHint } from '../agent/provider-hint.ts';
import { EXIT } from '../context.ts';
import type { CommandContext, ExitCode } from '../context.ts';
import { Interrupt } from '../terminal/interrupt.ts';

export interface AgentsOptions {
  readonly all?: boolean;
  readonly json?: boolean;
}

/** `yard agents [probe [SPEC…]]`. */
export async function agentsCommand(
  context: CommandContext,
  [action, ...specs]: readonly string[],
  options: AgentsOptions,
): Promise<ExitCode> {
  if (action === 'probe') return probe(context, specs, options);
  if (action !== undefined || options.all === true) throw unknownAction(action ?? '--all');
  return list(context, options.json === true);
}

function unknownAction(action: string): UserError {
  return new UserError({
    code: 'unknown-action',
    message: `yard agents knows probe, not ${JSON.stringify(inertLine(action, 40))}`,
    hint: 'List them with: yard agents. Try one with: yard agents probe claude',
    exitCode: EXIT.usage,
  });
}

async function list(context: CommandContext, json: boolean): Promise<ExitCode> {
  const { output, env } = context;
  const { config, repository } = await configHere(context);
  const agents = await knownAgents(config, env, repository !== null);
  if (json) {
    output.json({ agents });
    return EXIT.ok;
  }
  output.lines(renderAgents(agents, output.isTerminal ? output.width : Infinity));
  if (agents.some(({ configured }) => configured)) output.say('*: in the configuration, or what its defaults name');
  output.say(agents.some(isUsable) ? 'Try one with: yard agents probe NAME' : INSTALL_ONE);
  return EXIT.ok;
}

/** A real one. */
function isUsable({ proven, path }: KnownAgent): boolean {
  return proven !== null && path !== null;
}

const INSTALL_ONE =
  'None of these programs is installed. Install one (npm install -g @anthropic-ai/claude-code), log in (claude), and: yard agents probe claude';

/** One agent after the other, each on its own terms: what one lacks says nothing of the next. */
async function probe(context: CommandContext, specs: readonly string[], options: AgentsOptions): Promise<ExitCode> {
  const { output } = context;
  const { config, repository } = await configHere(context);
  const wanted = await wantedSpecs(context, config, repository?.root ?? null, specs, options.all === true);
  const interrupt = new Interrupt(() => process.exit(EXIT.failed));
  const results: Result[] = [];
  try {
    for (const spec of wanted) {
      if (interrupt.signal.aborted) break;
      output.say(`probing ${spec} …`);
      const result = await probeOne(context, { config, repository, spec, signal: interrupt.signal });
      results.push(result);
      if (options.json !== true) output.lines(describe(result));
    }
  } finally {
    interrupt.dispose();
  }
  if (options.json === true) output.json({ probes: results });
  const isOk = !interrupt.signal.aborted && results.every(({ ok }) => ok);
  return isOk ? EXIT.ok : EXIT.failed;
}

interface Result {
  readonly spec: string;
  readonly ok: boolean;
  readonly version: string | null;
  readonly login: KnownAgent['login'];
  /** Null: it could not be tried. */
  readonly proof: Proof | null;
  readonly why: string | null;
  readonly hint: string | null;
}

type Wish = Parameters<typeof probeAgent>[1];

async function probeOne(context: CommandContext, wish: Wish): Promise<Result> {
  const { config, spec } = wish;
  const name = agentName(spec);
  const agent = await knownAgent(spec, config, true, context.env);
  const { version, login } = agent;
  const known = { spec, version, login };
  if (agent.proven === null && !isProgramKind(agent.kind)) {
    const what = agent.kind === 'replay' ? 'plays recipes' : 'is a command of your own';
    const why = `${name} ${what}: only a task tells whether it works`;
    return { ...known, ok: true, proof: null, why, hint: null };
  }
  const lack = lackOf(agent, spec);
  if (lack !== null) return { ...known, ok: false, proof: null, ...lack };
  try {
    const proof = await probeAgent(context, wish);
    const hint = isProven(proof) ? null : hintFor(proof, agent);
    return { ...known, ok: isProven(proof), proof, why: null, hint };
  } catch (error) {
    const isSandbox = codeOf(error) === 'sandbox-unavailable';
    if (!isUserError(error) && !isSandbox) throw error;
    const hint = isUserError(error) ? (error.hint ?? null) : 'See: yard doctor sandbox';
    return { ...known, ok: false, proof: null, why: (error as Error).message, hint };
  }
}

/** What is known to be missing before a turn is taken: that would only wait for it. */
function lackOf(agent: KnownAgent, spec: string): Pick<Result, 'why' | 'hint'> | null {
  const { kind, path, install, program, login, needsLogin, logIn } = agent;
  if (program === null) {
    const isOpen = kind === 'acp';
    const why = isOpen ? 'it does not say which program it is' : `this version has no adapter for ${kind}`;
    return { why, hint: isOpen ? `Name it: yard agents probe ${spec}:PROGRAM` : null };
  }
  if (path === null) {
    return { why: `${program} is not installed`, hint: install === null ? null : howToInstall(install, spec) };
  }
  if (login.kind !== 'none' || !needsLogin) return null;
  return { why: 'nobody is logged in to it', hint: `${loginHint(logIn)}; and try again: yard agents probe ${spec}` };
}

function loginHint(logIn: string | null): string {
  const how = logIn ?? 'log in with the program itself, or set its key';
  return how.slice(0, 1).toUpperCase() + how.slice(1);
}

function howToInstall(install: string, spec: string): string {
  const how = install.startsWith('http') ? `See how to install it: ${install}` : `Install it: ${install}`;
  return `${how}; log in, or set its key; and try again: yard agents probe ${spec}`;
}

function hintFor({ end }: Proof, { login, logIn }: KnownAgent): string {
  if (end.kind === 'provider' && end.failure.type === 'authentication') {
    return `${loginHint(logIn)} (login found: ${loginWord(login)}).`;
  }
  if (end.kind === 'provider') {
    return login.kind === 'none'
      ? `Nobody is logged in to it, as far as can be seen. ${loginHint(logIn)}.`
      : providerHint(end.failure);
  }
  return 'What is known of each program is in docs/agents.md; yard doctor looks at the cell that it runs in.';
}

function describe({ spec, proof, version, why, hint }: Result): string[] {
  const lines = proof === null ? [`${spec}: ${why ?? ''}`] : renderProof(spec, proof);
  if (version !== null) lines.push(`      version: ${version}`);
  if (hint !== null) lines.push(`      hint: ${hint}`);
  return lines;
}

/** Those that are named; with `--all` those that the next run would use; else what stands in the defaults. */
async function wantedSpecs(
  context: CommandContext,
  config: Config,
  root: string | null,
  specs: readonly string[],
  all: boolean,
): Promise<readonly string[]> {
  const named = specs.flatMap(agentChain);
  for (const spec of named) checkAgentSpec(spec, config);
  if (named.length > 0 && !all) return named;
  if (root === null || isPlaceholder(config.agents[agentName(config.defaults.agent)]))
    return installedOrRefuse(context, config);
  if (!all) return agentChain(config.defaults.agent);
  const used = [config.defaults.agent, ...(await openAgents(context, root))].flatMap(agentChain);
  return [...new Set([...named, ...used])];
}

/** Where nothing says which agents are used: all that are there. */
async function installedOrRefuse(context: CommandContext, config: Config): Promise<readonly string[]> {
  const programs = (await knownAgents(config, context.env, false)).filter(({ proven }) => proven !== null);
  const installed = programs.filter(({ path }) => path !== null).map(({ name }) => name);
  if (installed.length > 0) return installed;
  const ways = programs.flatMap(({ name, install }) => (install === null ? [] : [`${name} (${install})`]));
  throw new UserError({
    code: 'no-agent-installed',
    message: 'none of the programs that Yardmaster drives is installed',
    hint: `Install one and log in to it, then: yard agents probe NAME. They are: ${ways.join(', ')}.`,
  });
}

/** What open tasks name, those among them that the next run imports. */
async function openAgents(context: CommandContext, root: string): Promise<readonly string[]> {
  const reading = await readingOrNull(context);
  try {
    const rows = (await reading?.reader.rows()) ?? [];
    const { imports } = await new LocalTaskSource(root).changes(rows);
    return namedAgents(rows, imports);
  } finally {
    await reading?.reader.close();
  }
}
