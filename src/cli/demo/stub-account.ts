import { ACCOUNT_VARIABLES } from '../../config/account-variables.ts';
import type { ProgramKind } from '../../core/agent-kind.ts';
import { UserError } from '../../core/user-error.ts';

/** How a program is led to a stub model instead of its provider. */
interface StubAccount {
  /** Of the agent spec, where the program's own choice asks for what only a provider has. */
  readonly model: string | null;
  readonly variables: (url: string) => Readonly<Record<string, string>>;
  /** Of the demo's project, for programs that look there for their providers. */
  readonly files?: (url: string) => Readonly<Record<string, string>>;
}

/** What no account answers to. */
const KEY = 'stub';

const ACCOUNTS: { readonly [Kind in ProgramKind]?: StubAccount } = {
  claude: { model: null, variables: (url) => ({ ANTHROPIC_BASE_URL: url, ANTHROPIC_API_KEY: KEY }) },
  codex: { model: null, variables: (url) => ({ OPENAI_BASE_URL: `${url}/v1`, CODEX_API_KEY: KEY }) },
  gemini: {
    // Left to itself it asks a model which model to ask.
    model: 'gemini-2.5-flash',
    variables: (url) => ({ GOOGLE_GEMINI_BASE_URL: url, GEMINI_API_KEY: KEY }),
  },
  opencode: {
    model: 'stub/stub-model',
    variables: () => ({}),
    files: (url) => ({ 'opencode.json': `${JSON.stringify(opencodeProvider(`${url}/v1`), null, 2)}\n` }),
  },
  qwen: {
    model: 'stub-model',
    variables: (url) => ({ OPENAI_BASE_URL: `${url}/v1`, OPENAI_API_KEY: KEY, OPENAI_MODEL: 'stub-model' }),
  },
};

/** Kinds of programs that can be led to a stub model. */
const STUBBED: readonly string[] = Object.keys(ACCOUNTS);

/** @throws UserError `no-stub-model` for a program that cannot be led there. */
export function stubAccount(kind: ProgramKind): StubAccount {
  const account = ACCOUNTS[kind];
  if (account !== undefined) return account;
  throw new UserError({
    code: 'no-stub-model',
    message: `${kind} cannot be led to a stub model by what it is told from outside`,
    hint: `With --stub-model there are: ${STUBBED.join(', ')}.`,
  });
}

/**
 * Lets agents of this kind that this process starts see these variables and no other account. What is returned undoes it.
 * Attempts get their environment from this process.
 */
export function enterAccount(kind: ProgramKind, variables: Readonly<Record<string, string>>): () => void {
  const names = new Set([...ACCOUNT_VARIABLES[kind], ...Object.keys(variables)]);
  const before = new Map([...names].map((name) => [name, process.env[name]]));
  for (const name of names) set(name, variables[name]);
  return () => {
    for (const [name, value] of before) set(name, value);
  };
}

function set(name: string, value: string | undefined): void {
  if (value === undefined) delete process.env[name];
  else process.env[name] = value;
}

function opencodeProvider(baseURL: string): object {
  const models = { 'stub-model': { limit: { context: 200_000, output: 8_000 } } };
  const stub = { npm: '@ai-sdk/openai-compatible', options: { baseURL, apiKey: KEY }, models };
  return { $schema: 'https://opencode.ai/config.json', small_model: 'stub/stub-model', provider: { stub } };
}
