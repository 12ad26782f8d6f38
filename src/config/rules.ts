import type { CellPolicy } from '../core/cell-policy.ts';
import { configuredEffortProblem, effortProblem } from '../core/agent-effort.ts';
import { agentChain, agentName } from '../core/agent-spec.ts';
import { PROGRAM_KINDS } from '../core/agent-kind.ts';
import { isReviewOnly } from '../core/review-only.ts';
import { matches, parsePatterns } from '../core/scope.ts';
import { nearest } from '../core/nearest.ts';
import type { Config } from './schema.ts';
import type { YamlPath } from './yaml.ts';

/** What one key demands of another, which no schema of single keys can say. */
export function brokenRules(config: Config): { path: YamlPath; message: string }[] {
  const broken: { path: YamlPath; message: string }[] = [];
  const { gate, agent } = config.defaults;
  if (!Object.hasOwn(config.gates, gate)) {
    broken.push({ path: ['defaults', 'gate'], message: missing('gate', gate, Object.keys(config.gates)) });
  }
  for (const spec of agentChain(agent)) {
    const [name, path] = [agentName(spec), ['defaults', 'agent']];
    const entry = Object.hasOwn(config.agents, name) ? config.agents[name] : undefined;
    if (entry === undefined) {
      broken.push({ path, message: missing('agent', name, Object.keys(config.agents)) });
      continue;
    }
    if (isReviewOnly(spec, entry)) broken.push({ path, message: `defaults.agent names ${spec}, which only reviews` });
    const effort = effortProblem(spec, entry, name);
    if (effort !== null) broken.push({ path, message: `defaults.agent names ${spec}, which ${effort}` });
  }
  // Two hands that fill the same place: who is last would win.
  const filled = new Map<string, string>();
  for (const [index, { target }] of config.provision.entries()) {
    const other = clash(filled, target);
    if (other !== null)
      broken.push({ path: ['provision', index], message: `provision[${index}] and ${other} both fill ${target}` });
    filled.set(target, `provision[${index}]`);
  }
  for (const [index, { outputs }] of config.prewarm.entries()) {
    for (const [at, output] of outputs.entries()) {
      const other = clash(filled, output);
      const path = ['prewarm', index, 'outputs', at];
      if (other !== null) broken.push({ path, message: `prewarm[${index}] and ${other} both fill ${output}` });
      filled.set(output, `prewarm[${index}]`);
    }
  }
  return [...broken, ...unknownEfforts(config), ...unknownPools(config), ...containersWithoutImage(config)];
}

function unknownEfforts({ agents }: Config): { path: YamlPath; message: string }[] {
  return Object.entries(agents).flatMap(([name, agent]) => {
    const problem = configuredEffortProblem(agent);
    return problem === null
      ? []
      : [{ path: ['agents', name, 'effort'], message: `agents.${name} (${agent.kind}) ${problem}` }];
  });
}

/** A program's kind is a pool by itself. */
function unknownPools({ agents, pools }: Config): { path: YamlPath; message: string }[] {
  const known = [...Object.keys(pools), ...PROGRAM_KINDS];
  return Object.entries(agents).flatMap(([agent, { pool }]) => {
    if (pool === null || known.includes(pool)) return [];
    const suggestion = nearest(pool, known);
    const rest =
      suggestion === null ? `pools has: ${Object.keys(pools).join(', ') || 'none'}` : `did you mean ${suggestion}?`;
    return [
      {
        path: ['agents', agent, 'pool'],
        message: `agents.${agent}.pool names ${pool}, which is not under pools; ${rest}`,
      },
    ];
  });
}

/** Each is told once, where it is said: of all, or of the one. What nothing is started by may lack it. */
function containersWithoutImage(config: Config): { path: YamlPath; message: string }[] {
  const { agents, gates, prewarm, sandbox } = config;
  const lacks = ({ kind, image }: CellPolicy): boolean => kind === 'container' && image === null;
  const named = (room: 'agents' | 'gates', all: Readonly<Record<string, { readonly cell: CellPolicy }>>): YamlPath[] =>
    Object.entries(all).flatMap(([name, { cell }]): YamlPath[] => {
      if (!lacks(cell)) return [];
      return [lacks(sandbox[room]) ? ['sandbox', room] : [room, name, 'sandbox']];
    });
  const ofPrewarm: YamlPath[] = prewarm.length > 0 && lacks(sandbox.prewarm) ? [['sandbox', 'prewarm']] : [];
  const paths = [...named('agents', agents), ...named('gates', gates), ...ofPrewarm];
  const places = new Map(paths.map((path) => [path.join('.'), path]));
  return [...places].map(([place, path]) => ({
    path,
    message: `${place} is a container without an image; name one, such as { kind: container, image: 'node:24' }`,
  }));
}

/** What is allowed and probably not meant. */
export function configWarnings(config: Config): string[] {
  if (parsePatterns(config.protected).some((pattern) => matches(pattern, 'AGENTS.md'))) return [];
  return ['protected does not cover AGENTS.md: a task may change what the agents of those after it are told'];
}

function missing(what: string, name: string, known: readonly string[]): string {
  const suggestion = nearest(name, known);
  const rest = suggestion === null ? `${what}s has: ${known.join(', ') || 'none'}` : `did you mean ${suggestion}?`;
  return `defaults.${what} names ${name}, which is not under ${what}s; ${rest}`;
}

function clash(filled: ReadonlyMap<string, string>, path: string): string | null {
  for (const [other, owner] of filled) {
    if (path === other || path.startsWith(`${other}/`) || other.startsWith(`${path}/`)) return owner;
  }
  return null;
}
