import { join } from 'node:path';

import { TOOL_SERVER } from '../../core/tool-definitions.ts';
import type { Turn } from '../agent.ts';
import type { Adapter, ProgramSettings } from '../program/adapter.ts';
import type { HomeFile } from '../program/protocol.ts';
import { openingOf, StreamJsonProtocol } from '../stream-json/stream-json-protocol.ts';
import { ClaudeDialect } from './claude-dialect.ts';

const SYSTEM_FILE = 'yard-system.md';
/** `sdk`: it is asked over the streams. */
const SERVERS = JSON.stringify({ mcpServers: { [TOOL_SERVER]: { type: 'sdk', name: TOOL_SERVER, alwaysLoad: true } } });

/** Claude Code over its streams of JSON, in both directions: so that it can be interrupted, and asked nothing in vain. */
export const CLAUDE: Adapter = {
  kind: 'claude',
  program: 'claude',
  install: 'npm install -g @anthropic-ai/claude-code',
  proven: 'real',
  protocol: () => 'stream-json',
  capabilities: () => ({
    resume: true,
    tools: 'protocol',
    schema: true,
    cost: 'reported',
    interrupt: 'protocol',
    steer: true,
    reviewOnly: false,
  }),
  // On macOS a login is in the keychain, which no other configuration directory finds: CLAUDE_CODE_OAUTH_TOKEN is.
  login: [{ from: '.claude/.credentials.json', to: '.credentials.json' }],
  // The last two are accounts at others, whose variables the operator lets through.
  keys: [
    'ANTHROPIC_API_KEY',
    'ANTHROPIC_AUTH_TOKEN',
    'CLAUDE_CODE_OAUTH_TOKEN',
    'CLAUDE_CODE_USE_BEDROCK',
    'CLAUDE_CODE_USE_VERTEX',
  ],
  logIn: 'claude auth login (on macOS: claude setup-token)',
  needsLogin: true,
  invoke: (turn, settings, program) => ({
    argv: [...program, ...argumentsOf(turn, settings)],
    env: environmentOf(turn),
    // A word after a slash at the beginning would be a command to the program itself.
    input: openingOf(turn.prompt.startsWith('/') ? `\n${turn.prompt}` : turn.prompt, serversOf(turn)),
    held: true,
    home: filesOf(turn),
    protocol: new StreamJsonProtocol(new ClaudeDialect(), turn),
  }),
};

function argumentsOf(turn: Turn, { model, effort }: ProgramSettings): string[] {
  const { session, system, schema, tools, home } = turn;
  return [
    '-p',
    '--verbose',
    '--input-format=stream-json',
    '--output-format=stream-json',
    ...permissions(turn),
    // Otherwise a session that is gone on with keeps the system text that it began with.
    '--system-prompt-snapshot=off',
    ...(system === null ? [] : ['--append-system-prompt-file', join(home, SYSTEM_FILE)]),
    ...(model === null ? [] : ['--model', model]),
    ...(effort === null ? [] : ['--effort', effort]),
    ...(session === null ? [] : ['--resume', session.id]),
    ...budget(turn),
    ...(schema === null ? [] : ['--json-schema', JSON.stringify(schema)]),
    '--strict-mcp-config',
    ...(tools === null ? [] : ['--mcp-config', SERVERS]),
  ];
}

/** Where nothing else keeps it in the lane, its own sandbox does, as far as it has one there; what it asks is granted. */
function permissions({ isEnclosed }: Turn): string[] {
  if (isEnclosed) return ['--dangerously-skip-permissions'];
  const settings = { sandbox: { enabled: true, autoAllowBashIfSandboxed: true } };
  return ['--permission-prompt-tool', 'stdio', '--settings', JSON.stringify(settings)];
}

/** It counts what the whole session has cost. */
function budget({ maxCostUsd, session }: Turn): string[] {
  if (maxCostUsd === null) return [];
  return ['--max-budget-usd', String(maxCostUsd + (session?.totals?.costUsd ?? 0))];
}

function environmentOf({ home, isEnclosed }: Turn): Record<string, string> {
  return {
    CLAUDE_CONFIG_DIR: home,
    DISABLE_AUTOUPDATER: '1',
    DISABLE_TELEMETRY: '1',
    DISABLE_ERROR_REPORTING: '1',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    // Ten tries take minutes, of which the pool would know nothing.
    CLAUDE_CODE_MAX_RETRIES: '3',
    ENABLE_TOOL_SEARCH: 'false',
    // It does not let root skip permissions unless it is told that something else holds it.
    ...(isEnclosed ? { IS_SANDBOX: '1' } : {}),
  };
}

/** Asked over its own streams: a server in its cell would be a process that it waits for at its start and at its end. */
function serversOf({ tools }: Turn): string[] {
  return tools === null ? [] : [TOOL_SERVER];
}

/** In a file: an argument has a bound, and can be read by whoever lists processes. */
function filesOf({ system }: Turn): HomeFile[] {
  return system === null ? [] : [{ path: SYSTEM_FILE, content: system }];
}
