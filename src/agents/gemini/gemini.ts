import { TOOL_SERVER } from '../../core/tool-definitions.ts';
import type { Turn } from '../agent.ts';
import type { Adapter } from '../program/adapter.ts';
import { noEffort } from '../program/no-effort.ts';
import type { HomeFile } from '../program/protocol.ts';
import { GeminiProtocol } from './gemini-protocol.ts';

/**
 * In a prompt of its own every `@word` that some file matches is taken out, and the file put in; not so in what follows a
 * command, which is added to the command's text as it is.
 */
const COMMAND = 'yard-task';
const COMMAND_FILE = `description = "A task of Yardmaster"
prompt = "What follows the first word below is what you are to do."
`;

/** Gemini CLI, which is told all but its prompt by files in its home. */
export const GEMINI: Adapter = {
  kind: 'gemini',
  program: 'gemini',
  install: 'npm install -g @google/gemini-cli',
  proven: 'real',
  protocol: () => 'stream-json',
  capabilities: () => ({
    resume: true,
    tools: 'mcp',
    schema: false,
    cost: 'tokens',
    interrupt: 'signal',
    steer: false,
    reviewOnly: false,
  }),
  login: [
    { from: '.gemini/oauth_creds.json', to: '.gemini/oauth_creds.json' },
    { from: '.gemini/google_accounts.json', to: '.gemini/google_accounts.json' },
  ],
  keys: ['GEMINI_API_KEY', 'GOOGLE_API_KEY'],
  invoke(turn, { name, model, effort }, program) {
    if (effort !== null) throw noEffort(name, effort);
    const { session } = turn;
    return {
      argv: [
        ...program,
        '--output-format=stream-json',
        // It has no sandbox of its own without a container engine.
        '--approval-mode=yolo',
        '--skip-trust',
        ...(model === null ? [] : ['--model', model]),
        ...(session === null ? [] : ['--resume', session.id]),
      ],
      env: {
        GEMINI_CLI_HOME: turn.home,
        // Otherwise it runs as a child of itself that no signal reaches.
        GEMINI_CLI_NO_RELAUNCH: 'true',
        GEMINI_CLI_TRUST_WORKSPACE: 'true',
        NO_BROWSER: 'true',
      },
      input: `/${COMMAND} ${turn.prompt}\n`,
      held: false,
      home: filesOf(turn),
      protocol: new GeminiProtocol(session !== null),
    };
  },
};

function filesOf({ environment, system, tools }: Turn): HomeFile[] {
  const settings = {
    security: { auth: { selectedType: loginOf(environment) } },
    privacy: { usageStatisticsEnabled: false },
    // Ten attempts take minutes, of which the pool would know nothing.
    general: { enableAutoUpdate: false, enableAutoUpdateNotification: false, maxAttempts: 3 },
    mcpServers: tools === null ? {} : { [TOOL_SERVER]: { ...serverOf(tools), trust: true } },
  };
  return [
    { path: '.gemini/settings.json', content: JSON.stringify(settings) },
    { path: `.gemini/commands/${COMMAND}.toml`, content: COMMAND_FILE },
    { path: '.gemini/GEMINI.md', content: system ?? '' },
  ];
}

function serverOf({ server: { command, args, env } }: NonNullable<Turn['tools']>): object {
  return { command, args, env };
}

/** What it guesses of itself is wrong where its service has another address. */
function loginOf(environment: Readonly<Record<string, string>>): string {
  if ((environment['GEMINI_API_KEY'] ?? '') !== '') return 'gemini-api-key';
  return (environment['GOOGLE_API_KEY'] ?? '') === '' ? 'oauth-personal' : 'vertex-ai';
}
