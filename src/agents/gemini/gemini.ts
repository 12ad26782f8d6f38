import type { Turn } from '../agent.ts';
import type { Adapter } from '../program/adapter.ts';
import { noEffort } from '../program/no-effort.ts';
import type { HomeFile } from '../program/protocol.ts';
import { TASK_COMMAND, taskCommand, trustedServers } from '../program/task-command.ts';
import { GeminiProtocol } from './gemini-protocol.ts';

const COMMAND_FILE = `description = "${TASK_COMMAND.description}"
prompt = "${TASK_COMMAND.text}"
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
  logIn: 'gemini, then /auth',
  needsLogin: true,
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
      input: `${taskCommand(turn.prompt)}\n`,
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
    mcpServers: trustedServers(tools),
  };
  return [
    { path: '.gemini/settings.json', content: JSON.stringify(settings) },
    { path: `.gemini/commands/${TASK_COMMAND.name}.toml`, content: COMMAND_FILE },
    { path: '.gemini/GEMINI.md', content: system ?? '' },
  ];
}

/** What it guesses of itself is wrong where its service has another address. */
function loginOf(environment: Readonly<Record<string, string>>): string {
  if ((environment['GEMINI_API_KEY'] ?? '') !== '') return 'gemini-api-key';
  return (environment['GOOGLE_API_KEY'] ?? '') === '' ? 'oauth-personal' : 'vertex-ai';
}
