import { join } from 'node:path';

import { TOOL_SERVER } from '../../core/tool-definitions.ts';
import type { Turn } from '../agent.ts';
import type { Adapter, ProgramSettings } from '../program/adapter.ts';
import { OpencodeProtocol } from './opencode-protocol.ts';

const SYSTEM_FILE = 'yard-system.md';

/** OpenCode by `run --format json`. It has no sandbox of its own. */
export const OPENCODE: Adapter = {
  kind: 'opencode',
  program: 'opencode',
  install: 'npm install -g opencode-ai',
  proven: 'real',
  protocol: () => 'run',
  capabilities: () => ({
    resume: true,
    tools: 'mcp',
    schema: false,
    cost: 'reported',
    interrupt: 'signal',
    steer: false,
    reviewOnly: false,
  }),
  // Its providers are in its configuration, and their keys may be, too.
  login: [
    { from: '.local/share/opencode/auth.json', to: 'data/opencode/auth.json' },
    { from: '.config/opencode/opencode.json', to: 'config/opencode/opencode.json' },
    { from: '.config/opencode/opencode.jsonc', to: 'config/opencode/opencode.jsonc' },
  ],
  keys: ['ANTHROPIC_API_KEY', 'OPENAI_API_KEY', 'GEMINI_API_KEY', 'OPENROUTER_API_KEY', 'OPENCODE_API_KEY'],
  logIn: 'opencode auth login',
  needsLogin: false,
  invoke: (turn, settings, program) => ({
    argv: [...program, ...argumentsOf(turn, settings)],
    env: environmentOf(turn),
    input: turn.prompt,
    held: false,
    home: turn.system === null ? [] : [{ path: SYSTEM_FILE, content: turn.system }],
    protocol: new OpencodeProtocol(turn.session),
  }),
};

function argumentsOf({ session, taskId }: Turn, { model, effort }: ProgramSettings): string[] {
  return [
    'run',
    '--format',
    'json',
    '--thinking',
    // Otherwise it asks a model for one.
    ...(session === null ? ['--title', taskId] : ['--session', session.id]),
    ...(model === null ? [] : ['--model', model]),
    ...(effort === null ? [] : ['--variant', effort]),
  ];
}

function environmentOf(turn: Turn): Record<string, string> {
  const { home } = turn;
  return {
    XDG_CONFIG_HOME: join(home, 'config'),
    XDG_DATA_HOME: join(home, 'data'),
    XDG_STATE_HOME: join(home, 'state'),
    XDG_CACHE_HOME: join(home, 'cache'),
    OPENCODE_DISABLE_AUTOUPDATE: '1',
    OPENCODE_DISABLE_LSP_DOWNLOAD: '1',
    // It outranks every file, those of the project too.
    OPENCODE_CONFIG_CONTENT: JSON.stringify(configurationOf(turn)),
  };
}

function configurationOf({ home, system, tools }: Turn): object {
  return {
    autoupdate: false,
    share: 'disabled',
    permission: 'allow',
    ...(system === null ? {} : { instructions: [join(home, SYSTEM_FILE)] }),
    ...(tools === null ? {} : { mcp: { [TOOL_SERVER]: serverOf(tools.server) } }),
  };
}

/** The tools may take a moment where the machine is busy: milliseconds. */
const SERVER_TIMEOUT_MS = 60_000;

function serverOf({ command, args, env }: NonNullable<Turn['tools']>['server']): object {
  return {
    type: 'local',
    command: [command, ...args],
    environment: env,
    enabled: true,
    timeout: SERVER_TIMEOUT_MS,
  };
}
