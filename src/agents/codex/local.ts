import type { Turn } from '../agent.ts';
import type { Adapter } from '../program/adapter.ts';
import { serverInvocation } from './codex.ts';

/** A model of Ollama on this machine, driven by codex. */
export const LOCAL: Adapter = {
  kind: 'local',
  program: 'codex',
  install: 'npm install -g @openai/codex',
  proven: 'recorded',
  protocol: () => 'app-server',
  capabilities: () => ({
    resume: true,
    tools: 'protocol',
    schema: true,
    cost: 'tokens',
    interrupt: 'protocol',
    steer: true,
    reviewOnly: false,
  }),
  // Nobody is asked who one is.
  login: [],
  keys: [],
  logIn: null,
  needsLogin: false,
  invoke: (turn, settings, program) => {
    const invocation = serverInvocation(turn, settings, program, ['-c', 'model_provider=ollama']);
    return { ...invocation, env: { ...invocation.env, ...addressOf(turn.environment) } };
  },
};

/** What Ollama is told by, in the words of codex: a host, with a port and a scheme or without. */
function addressOf({ OLLAMA_HOST: host = '' }: Turn['environment']): Record<string, string> {
  if (host === '') return {};
  const url = /^https?:\/\//.test(host) ? host : `http://${host}`;
  const bare = url.replace(/\/+$/, '');
  return { CODEX_OSS_BASE_URL: `${/:\d+$/.test(bare) ? bare : `${bare}:11434`}/v1` };
}
