import { expect, test } from 'vitest';

import { PLAIN_TURN } from '../../../test/fixtures/agents/plain-turn.ts';
import type { Turn } from '../agent.ts';
import { LOCAL } from './local.ts';

function invoke(environment: Readonly<Record<string, string>>): ReturnType<typeof LOCAL.invoke> {
  const turn = { ...PLAIN_TURN, prompt: 'Do it.', home: '/home/of/it', environment } as Turn;
  const settings = { name: 'local', run: null, model: 'qwen3:8b', effort: null, protocol: null, accountHome: null };
  return LOCAL.invoke(turn, settings, ['codex']);
}

test('codex asks Ollama, and nobody for an account', () => {
  const { argv, env } = invoke({ OPENAI_API_KEY: 'k' });
  expect(argv.slice(-3)).toEqual(['-c', 'model_provider=ollama', 'app-server']);
  expect(env).toEqual({ CODEX_HOME: '/home/of/it' });
});

test.for<[string, string]>([
  ['127.0.0.1:4000', 'http://127.0.0.1:4000/v1'],
  ['gpu', 'http://gpu:11434/v1'],
  ['https://gpu.example:443/', 'https://gpu.example:443/v1'],
])('OLLAMA_HOST=%s is %s', ([host, url]) => {
  expect(invoke({ OLLAMA_HOST: host }).env['CODEX_OSS_BASE_URL']).toBe(url);
});
