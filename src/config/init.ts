import type { PrewarmEntry } from './schema.ts';
import { yamlText } from './yaml-text.ts';

export interface InitialConfig {
  readonly target: string;
  /** The confirmed gate; null writes one that fails and says where to set it. */
  readonly gate: string | null;
  readonly prewarm?: Pick<PrewarmEntry, 'run' | 'key' | 'outputs'> | null;
  /** Without one, an agent is written that fails and says where to set it. */
  readonly agent?: { readonly name: string; readonly run: string | readonly string[] };
  /** Spec of an agent that needs no entry, in the place of `agent`. */
  readonly builtIn?: string | null;
}

/** Written beside the configuration, so that editors find it whatever version of Yardmaster made it. */
export const SCHEMA_FILE = '.yard/config.schema.json';
export const IGNORE_FILE = '.yard/.gitignore';
/** What in `.yard` is one operator's own. */
export const IGNORE_TEXT = '/config.local.yaml\n/tasks/.tmp-*\n/tasks/.edit-*\n/tasks/.batch-*\n';

/** The gate that fails until a real one is named. */
export const NO_GATE = `echo "No gate is set: name your test command under gates.default.run in .yard/config.yaml" >&2; exit 1`;
export const NO_AGENT = `echo "No agent is set: name a command under agents.default.run in .yard/config.yaml" >&2; exit 1`;

/** Of an agent that `init` has written where it found none. */
export function isPlaceholder(agent: { readonly kind: string; readonly run?: unknown } | undefined): boolean {
  return agent?.kind === 'command' && agent.run === NO_AGENT;
}

/** The text of a first `.yard/config.yaml`, with comments that say what can be changed. */
export function renderConfig({ target, gate, prewarm = null, agent, builtIn = null }: InitialConfig): string {
  const name = agent?.name ?? 'default';
  return `# yaml-language-server: $schema=./config.schema.json
# How Yardmaster works on this repository. Durations read 30s, 10m, 1h.
version: 1

# The branch that tasks land on. It must not be checked out anywhere.
target: ${yamlText(target)}

# For tasks that name no agent or gate of their own.
defaults:
  agent: ${yamlText(builtIn ?? name)}
  gate: default

# Shell commands that prove a tree healthy (exit code 0), run in a clean checkout. Nothing lands without one.
gates:
  default:
    run: ${yamlText(gate ?? NO_GATE)}
    timeout: 1h

${builtIn === null ? commandEntry(name, agent?.run ?? NO_AGENT) : BUILT_IN}
limits:
  concurrent: 5 # attempts at once
  retries: 3 # failures of its own that a task may have
  hours: 12 # then yard run ends
${renderPrewarm(prewarm)}
# Ignored files that lanes and gates get a copy of:
# provision:
#   - source: .env.test

# Agents and gates run in cells, with an empty HOME of their own. What of your home an agent needs is named here:
# sandbox:
#   agents: { read: [~/.local/share/my-agent], write: [~/.config/my-agent] }

# Environment variables that agents and gates may see besides the usual ones; names, or a prefix and *:
# environment:
#   allow: [CI]

# Who the commits are by:
# identity: { name: Yardmaster, email: yardmaster@localhost }
`;
}

/** Of real agents only what differs is written. */
const BUILT_IN = `# Coding agents need no entry; yard agents lists them. Here stands what differs, and commands of your own:
# agents:
#   claude: { kind: claude, model: opus, timeout: 1h }
`;

function commandEntry(name: string, run: string | readonly string[]): string {
  return `# Programs that do the work. The prompt comes on stdin, the working directory is the task's own clone.
agents:
  ${yamlText(name)}:
    kind: command
    run: ${command(run)}
`;
}

function renderPrewarm(prewarm: InitialConfig['prewarm']): string {
  const text =
    '\n# Installed once for each state of the key files; each lane and each gate gets its own copy of the outputs.\n';
  const entry = prewarm ?? { run: 'npm ci', key: ['package-lock.json'], outputs: ['node_modules'] };
  const lines = [
    'prewarm:',
    `  - run: ${yamlText(entry.run)}`,
    `    key: ${flow(entry.key)}`,
    `    outputs: ${flow(entry.outputs)}`,
  ];
  const mark = (prewarm ?? null) === null ? '# ' : '';
  return `${text}${lines.map((line) => `${mark}${line}\n`).join('')}`;
}

function command(run: string | readonly string[]): string {
  return typeof run === 'string' ? yamlText(run) : flow(run);
}

/** In brackets a comma ends an entry, so what has one is quoted. */
function flow(values: readonly string[]): string {
  return `[${values.map((value) => (value.includes(',') ? JSON.stringify(value) : yamlText(value))).join(', ')}]`;
}
