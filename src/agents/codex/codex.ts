import type { Json } from '../../core/yard-event.ts';
import type { Turn } from '../agent.ts';
import type { Adapter, ProgramSettings } from '../program/adapter.ts';
import type { JsonObject } from '../program/json-line.ts';
import type { Invocation } from '../program/protocol.ts';
import { AppServerProtocol } from './app-server-protocol.ts';
import type { AppServerWork } from './app-server-protocol.ts';
import { execInvocation } from './exec.ts';

/** Codex: over its app-server, which can be interrupted and given tools, or by `exec --json` where that is wanted. */
export const CODEX: Adapter = {
  kind: 'codex',
  program: 'codex',
  install: 'npm install -g @openai/codex',
  proven: 'real',
  protocol: protocolOf,
  capabilities: (settings) => {
    const isServer = protocolOf(settings) === 'app-server';
    return {
      resume: !isReview(settings),
      tools: isReview(settings) ? null : isServer ? 'protocol' : 'mcp',
      schema: true,
      // Of a review it tells none.
      cost: isReview(settings) ? null : 'tokens',
      interrupt: isServer ? 'protocol' : 'signal',
      steer: isServer && !isReview(settings),
      reviewOnly: isReview(settings),
    };
  },
  login: [{ from: '.codex/auth.json', to: 'auth.json' }],
  keys: ['CODEX_API_KEY', 'OPENAI_API_KEY'],
  logIn: 'codex login',
  needsLogin: true,
  invoke: (turn, settings, program) =>
    protocolOf(settings) === 'exec'
      ? execInvocation(turn, settings, [...program, ...codexSettings(turn)])
      : serverInvocation(turn, settings, program),
};

/** Settings that hold however it is started, as arguments. */
function codexSettings({ environment }: Pick<Turn, 'environment'>): string[] {
  const base = environment['OPENAI_BASE_URL'] ?? '';
  const settings: Record<string, Json> = {
    check_for_update_on_startup: false,
    'analytics.enabled': false,
    // It is a file that is copied into the home.
    cli_auth_credentials_store: 'file',
    // It reads no such variable itself.
    ...(base === '' ? {} : { openai_base_url: base }),
  };
  // They ask other hosts for news.
  return [
    '--disable',
    'plugins',
    ...Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${JSON.stringify(value)}`]),
  ];
}

/** `codex:review` is no model. */
function isReview({ model }: Pick<ProgramSettings, 'model'>): boolean {
  return model === 'review';
}

function protocolOf(settings: ProgramSettings): string {
  return isReview(settings) ? 'app-server' : (settings.protocol ?? 'app-server');
}

/** @param words more of its settings, as arguments. */
export function serverInvocation(
  turn: Turn,
  settings: ProgramSettings,
  program: readonly [string, ...string[]],
  words: readonly string[] = [],
): Invocation {
  return {
    argv: [...program, ...codexSettings(turn), ...words, 'app-server'],
    env: { CODEX_HOME: turn.home },
    input: '',
    held: true,
    home: [],
    protocol: new AppServerProtocol(workOf(turn, settings)),
  };
}

function workOf(turn: Turn, settings: ProgramSettings): AppServerWork {
  const { system, schema, isEnclosed } = turn;
  const { model, effort } = settings;
  const review = isReview(settings);
  const named = model === null || review ? {} : { model };
  const task: JsonObject = {
    ...named,
    ...(effort === null ? {} : { effort }),
    ...(schema === null ? {} : { outputSchema: schema as JsonObject }),
  };
  return {
    turn,
    thread: {
      approvalPolicy: 'never',
      sandbox: isEnclosed ? 'danger-full-access' : review ? 'read-only' : 'workspace-write',
      ...named,
      ...(system === null ? {} : { developerInstructions: system }),
    },
    task: review ? null : task,
    key: keyOf(turn.environment),
  };
}

/** As `codex exec` has it: the first outranks a login, the second does not. */
function keyOf(environment: Turn['environment']): AppServerWork['key'] {
  const [own = '', general = ''] = [environment['CODEX_API_KEY'], environment['OPENAI_API_KEY']];
  if (own !== '') return { value: own, outranksLogin: true };
  return general === '' ? null : { value: general, outranksLogin: false };
}
