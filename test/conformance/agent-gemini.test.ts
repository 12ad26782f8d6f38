import { expect, test } from 'vitest';

import { GEMINI } from '../../src/agents/gemini/gemini.ts';
import { emptyEnvironment, findProgram } from '../fixtures/agents/cache.ts';
import { makeArena } from '../fixtures/agents/program-arena.ts';
import { programSuite } from './agent-program.ts';

const program = findProgram('gemini');

programSuite('gemini', {
  adapter: GEMINI,
  program,
  settings: { model: 'gemini-2.5-flash' },
  environment: ({ url }) => ({ GOOGLE_GEMINI_BASE_URL: url }),
  waitsForRetryAfter: true,
  refused: { 429: 'provider', 500: 'provider', 401: 'provider' },
  resumesAfterKill: true,
  // It reckons that its model cannot hold it, and ends.
  refusesLargePrompts: true,
});

test('gemini: nobody is logged in', async (context) => {
  if ('skipped' in program) return context.skip(program.skipped);
  await using arena = await makeArena({
    adapter: GEMINI,
    settings: { run: [program.path] },
    environment: (_, home) => {
      const { GEMINI_API_KEY: _key, ...rest } = emptyEnvironment(home);
      return rest;
    },
  });
  const { end } = await arena.play([]);
  expect(end).toMatchObject({ kind: 'provider', failure: { type: 'authentication' } });
});
