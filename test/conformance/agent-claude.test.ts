import { expect, test } from 'vitest';

import { CLAUDE } from '../../src/agents/claude/claude.ts';
import type { StubModel } from '../../src/cli/demo/model/stub-model.ts';
import { emptyEnvironment, findProgram } from '../fixtures/agents/cache.ts';
import { makeArena } from '../fixtures/agents/program-arena.ts';
import type { Arena } from '../fixtures/agents/program-arena.ts';
import { programSuite } from './agent-program.ts';

const MODEL = 'claude-sonnet-4-5';
const program = findProgram('claude');
const environment = ({ url }: StubModel): Record<string, string> => ({ ANTHROPIC_BASE_URL: url });

programSuite('claude', {
  adapter: CLAUDE,
  program,
  settings: { model: MODEL },
  environment,
  waitsForRetryAfter: true,
  refused: { 429: 'provider', 500: 'provider', 401: 'provider' },
  tellsCacheWrites: true,
  resumesAfterKill: true,
  structured: (value) => [{ tool: { name: 'StructuredOutput', arguments: value as Record<string, unknown> } }],
});

/** The program with other settings than the suite has. */
const claudeArena = (file: string): Promise<Arena> =>
  makeArena({
    adapter: CLAUDE,
    settings: { run: [file], model: MODEL },
    environment: (model, home) => ({ ...emptyEnvironment(home), ...environment(model) }),
  });

test('claude: its own bound on money is of the turn, in a session that is gone on with too', async (context) => {
  if ('skipped' in program) return context.skip(program.skipped);
  await using arena = await claudeArena(program.path);
  const work = [{ run: { command: 'true' } }, { run: { command: 'true' } }, { say: { text: 'Yes.' } }];
  const first = await arena.play(work, { maxCostUsd: 0.1 });
  expect(first.end.kind).toBe('unfinished');
  // As much again, of which there would be nothing left if what the first turn has cost counted.
  const session = { id: first.sessionId ?? '', totals: first.totals };
  const maxCostUsd = (first.usage.costUsd ?? 0) * 1.01;
  expect((await arena.play(work, { session, maxCostUsd })).end.kind).toBe('unfinished');
  // Where too little is left, it stops after an answer; that is no failure of its own.
  const asked = (): number => arena.model.requests.filter(({ conversation }) => conversation !== null).length;
  const before = asked();
  const { end } = await arena.play(work, { maxCostUsd: maxCostUsd / 10 });
  expect(end.kind).toBe('unfinished');
  expect(asked() - before).toBeLessThan(work.length);
});

test('claude: nobody is logged in', async (context) => {
  if ('skipped' in program) return context.skip(program.skipped);
  await using arena = await claudeArena(program.path);
  const { ANTHROPIC_API_KEY: _, ...rest } = arena.turn.environment;
  const { end } = await arena.play([], { environment: rest });
  expect(end).toMatchObject({ kind: 'provider', failure: { type: 'authentication' } });
});
