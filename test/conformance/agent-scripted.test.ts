import { expect, test } from 'vitest';

import { makeArena } from '../fixtures/agents/program-arena.ts';
import { SCRIPTED, SCRIPTED_PROGRAM } from '../fixtures/agents/scripted.ts';
import { programSuite } from './agent-program.ts';

const [path, script] = SCRIPTED_PROGRAM;

programSuite('the scripted fake', {
  adapter: SCRIPTED,
  program: { path, prefixArgs: [script], version: 'ours' },
  environment: ({ url }) => ({ SCRIPTED_URL: url }),
  waitsForRetryAfter: true,
  refused: { 429: 'provider', 500: 'provider', 401: 'provider' },
});

test('a program that tries again and again is ended once its provider has refused for too long', async () => {
  await using arena = await makeArena({
    adapter: SCRIPTED,
    settings: { run: SCRIPTED_PROGRAM },
    environment: ({ url }) => ({ PATH: process.env['PATH'] ?? '', SCRIPTED_URL: url }),
  });
  const { end } = await arena.play([{ error: { status: 429, retryAfterS: 1000 } }], { patienceMs: 200 });
  expect(end).toMatchObject({ kind: 'provider', failure: { type: 'overload', status: 429 } });
  expect(end.kind === 'provider' && end.why).toContain('waited 0.2 s for its provider');
});
