import { expect, test } from 'vitest';

import { QWEN } from '../../src/agents/qwen/qwen.ts';
import { emptyEnvironment, findProgram } from '../fixtures/agents/cache.ts';
import { makeArena } from '../fixtures/agents/program-arena.ts';
import { programSuite } from './agent-program.ts';

const program = findProgram('qwen');

programSuite('qwen', {
  adapter: QWEN,
  program,
  settings: { model: 'stub-model' },
  environment: ({ url }) => ({ OPENAI_BASE_URL: `${url}/v1` }),
  waitsForRetryAfter: true,
  // After more than a minute.
  refused: { 429: 'provider', 500: 'provider', 401: 'provider' },
  resumesAfterKill: true,
  // It reckons that its model cannot hold it, and ends.
  refusesLargePrompts: true,
});

test('qwen: nobody is logged in', async (context) => {
  if ('skipped' in program) return context.skip(program.skipped);
  await using arena = await makeArena({
    adapter: QWEN,
    settings: { run: [program.path, ...program.prefixArgs] },
    environment: (_, home) => {
      const { OPENAI_API_KEY: _key, ...rest } = emptyEnvironment(home);
      return rest;
    },
  });
  const { end } = await arena.play([]);
  expect(end).toMatchObject({ kind: 'provider', failure: { type: 'authentication' } });
});
