import { basename } from 'node:path';

import { QWEN_SETTINGS, QWEN_VARIABLES } from '../qwen/qwen-settings.ts';
import type { Adapter } from '../program/adapter.ts';
import type { LoginFile } from '../program/login.ts';
import type { HomeFile } from '../program/protocol.ts';
import type { Capabilities, Turn } from '../agent.ts';

type Surroundings = Pick<Turn, 'home' | 'environment' | 'isEnclosed'>;

/** What is known of a program that speaks the Agent Client Protocol. */
export interface AcpProgram {
  readonly argv: readonly [string, ...string[]];
  readonly install: string;
  /** Variables that keep its settings and sessions in its home, and it to itself. */
  readonly env: (turn: Surroundings) => Readonly<Record<string, string>>;
  readonly home: (turn: Surroundings) => readonly HomeFile[];
  readonly login: readonly LoginFile[];
  readonly keys: readonly string[];
  readonly logIn: Adapter['logIn'];
  /** How it is told its model where a session has no setting for it. */
  readonly modelFlag: string | null;
  /** Its sessions can be gone on with; gemini does not find its own again. */
  readonly resume: boolean;
  readonly cost: Capabilities['cost'];
  readonly proven: Adapter['proven'];
}

/** By the words that an agent spec calls them: `acp:gemini`. Any other word is a program that is run as it is. */
const PROGRAMS: Readonly<Record<string, AcpProgram>> = {
  claude: {
    argv: ['claude-agent-acp'],
    install: 'npm install -g @agentclientprotocol/claude-agent-acp',
    env: ({ home }) => ({
      CLAUDE_CONFIG_DIR: `${home}/claude`,
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      CLAUDE_CODE_MAX_RETRIES: '3',
      ENABLE_TOOL_SEARCH: 'false',
    }),
    home: () => [],
    login: [{ from: '.claude/.credentials.json', to: 'claude/.credentials.json' }],
    keys: ['ANTHROPIC_API_KEY', 'ANTHROPIC_AUTH_TOKEN', 'CLAUDE_CODE_OAUTH_TOKEN'],
    logIn: 'claude auth login (on macOS: claude setup-token)',
    modelFlag: null,
    resume: true,
    cost: 'reported',
    proven: 'real',
  },
  codex: {
    argv: ['codex-acp'],
    install: 'npm install -g @agentclientprotocol/codex-acp',
    // Its usual mode lets a model decide what may be done. A key is used only where it is told to, and nobody is logged in.
    env: ({ home, environment, isEnclosed }) => ({
      CODEX_HOME: `${home}/codex`,
      NO_BROWSER: '1',
      ...(hasKey(environment) ? { DEFAULT_AUTH_REQUEST: JSON.stringify({ methodId: 'api-key' }) } : {}),
      ...(isEnclosed ? { INITIAL_AGENT_MODE: 'agent-full-access' } : {}),
    }),
    // The directory must be there.
    home: () => [{ path: 'codex/.yard', content: '' }],
    login: [{ from: '.codex/auth.json', to: 'codex/auth.json' }],
    keys: ['CODEX_API_KEY', 'OPENAI_API_KEY'],
    logIn: 'codex login',
    modelFlag: null,
    resume: true,
    cost: 'tokens',
    proven: 'real',
  },
  gemini: {
    argv: ['gemini', '--acp'],
    install: 'npm install -g @google/gemini-cli',
    env: ({ home }) => ({
      GEMINI_CLI_HOME: `${home}/gemini`,
      GEMINI_CLI_NO_RELAUNCH: 'true',
      GEMINI_CLI_TRUST_WORKSPACE: 'true',
    }),
    home: geminiHome,
    login: [
      { from: '.gemini/oauth_creds.json', to: 'gemini/.gemini/oauth_creds.json' },
      { from: '.gemini/google_accounts.json', to: 'gemini/.gemini/google_accounts.json' },
    ],
    keys: ['GEMINI_API_KEY', 'GOOGLE_API_KEY'],
    logIn: 'gemini, then /auth',
    modelFlag: '-m',
    resume: false,
    cost: 'tokens',
    proven: 'real',
  },
  opencode: {
    argv: ['opencode', 'acp'],
    install: 'npm install -g opencode-ai',
    env: ({ home }) => ({
      ...underXdg(home),
      OPENCODE_DISABLE_AUTOUPDATE: '1',
      OPENCODE_CONFIG_CONTENT: JSON.stringify({ autoupdate: false, share: 'disabled' }),
    }),
    home: () => [],
    // Which providers there are is part of how it gets to them.
    login: [
      { from: '.local/share/opencode/auth.json', to: 'data/opencode/auth.json' },
      { from: '.config/opencode/opencode.json', to: 'config/opencode/opencode.json' },
    ],
    keys: ['ANTHROPIC_API_KEY', 'OPENAI_API_KEY', 'GEMINI_API_KEY', 'OPENROUTER_API_KEY', 'OPENCODE_API_KEY'],
    logIn: 'opencode auth login',
    modelFlag: null,
    resume: true,
    cost: 'reported',
    proven: 'real',
  },
  qwen: {
    argv: ['qwen', '--acp'],
    install: 'npm install -g @qwen-code/qwen-code',
    env: ({ home }) => ({ QWEN_HOME: `${home}/qwen`, ...QWEN_VARIABLES }),
    home: () => [{ path: 'qwen/settings.json', content: JSON.stringify(QWEN_SETTINGS) }],
    login: [],
    keys: ['OPENAI_API_KEY', 'DASHSCOPE_API_KEY'],
    logIn: null,
    modelFlag: null,
    resume: true,
    cost: 'tokens',
    proven: 'real',
  },
};

/** The words for programs that are known. */
export const ACP_WORDS: readonly string[] = Object.keys(PROGRAMS);

/** What is known of the program of this word, or of this command; undefined: nothing. */
export function acpProgram(word: string | null, run: readonly string[] | null): AcpProgram | undefined {
  if (word !== null && Object.hasOwn(PROGRAMS, word)) return PROGRAMS[word];
  const name = basename(run?.[0] ?? word ?? '');
  return Object.values(PROGRAMS).find(({ argv }) => argv[0] === name);
}

/** Where programs of most kinds keep what is theirs. */
export function underXdg(home: string): Record<string, string> {
  return {
    XDG_CONFIG_HOME: `${home}/config`,
    XDG_DATA_HOME: `${home}/data`,
    XDG_STATE_HOME: `${home}/state`,
    XDG_CACHE_HOME: `${home}/cache`,
  };
}

function hasKey(environment: Surroundings['environment']): boolean {
  return ['CODEX_API_KEY', 'OPENAI_API_KEY'].some((name) => (environment[name] ?? '') !== '');
}

/** How it logs in is guessed, and guessed wrongly where the address of its provider is set. */
function geminiHome({ environment }: Surroundings): HomeFile[] {
  const settings = {
    privacy: { usageStatisticsEnabled: false },
    general: { enableAutoUpdate: false, maxAttempts: 3 },
    ...(environment['GEMINI_API_KEY'] === undefined ? {} : { security: { auth: { selectedType: 'gemini-api-key' } } }),
  };
  return [{ path: 'gemini/.gemini/settings.json', content: JSON.stringify(settings) }];
}
