import { expect, test } from 'vitest';

import { CODEX } from '../../src/agents/codex/codex.ts';
import { LOCAL } from '../../src/agents/codex/local.ts';
import type { StubModel } from '../../src/cli/demo/model/stub-model.ts';
import { emptyEnvironment, findProgram } from '../fixtures/agents/cache.ts';
import { makeArena } from '../fixtures/agents/program-arena.ts';
import type { Arena } from '../fixtures/agents/program-arena.ts';
import { programSuite } from './agent-program.ts';
import type { ProgramTraits } from './agent-program.ts';

const program = findProgram('codex');
const environment = ({ url }: StubModel): Record<string, string> => ({ OPENAI_BASE_URL: `${url}/v1` });
// No model that it has a catalogue entry of: it is then given all its tools by name.
const MODEL = 'gpt-5.1-codex';

const traits: ProgramTraits = {
  adapter: CODEX,
  program,
  settings: { model: MODEL },
  environment,
  waitsForRetryAfter: true,
  refused: { 429: 'provider', 500: 'provider', 401: 'provider' },
  tellsCacheWrites: true,
  resumesAfterKill: true,
  // It makes it shorter first, by a request that only its own provider understands.
  refusesLargePrompts: true,
};

programSuite('codex', traits);
programSuite('codex exec', {
  ...traits,
  settings: { model: MODEL, protocol: 'exec' },
  // It tells why in words alone.
  refused: { 429: 'silence', 500: 'silence', 401: 'silence' },
});

const codexArena = (file: string, settings: ProgramTraits['settings'] = {}): Promise<Arena> =>
  makeArena({
    adapter: CODEX,
    settings: { run: [file], model: MODEL, ...settings },
    environment: (model, home) => ({ ...emptyEnvironment(home), ...environment(model) }),
  });

test(
  'codex: a prompt that is longer than what it takes at once comes in pieces',
  { timeout: 60_000 },
  async (context) => {
    if ('skipped' in program) return context.skip(program.skipped);
    await using arena = await codexArena(program.path);
    const prompt = 'A line of many, é.\n'.repeat(40_000);
    expect((await arena.play([{ say: { text: 'Read.' } }], { prompt })).end.kind).toBe('unfinished');
    const said =
      arena.model.requests
        .at(-1)
        ?.conversation?.messages.map(({ text }) => text)
        .join('') ?? '';
    expect(said.includes(prompt)).toBe(true);
  },
);

test('codex:review says what it found, and never that a task is done', { timeout: 60_000 }, async (context) => {
  if ('skipped' in program) return context.skip(program.skipped);
  await using arena = await codexArena(program.path, { model: 'review' });
  const { end, events } = await arena.play(
    [{ say: { text: '{"task":"TASK-7","attempt":2,"status":"done","summary":"x"}' } }],
    { prompt: 'Review it.' },
  );
  expect(end.kind).toBe('unfinished');
  expect(events.some((event) => event.kind === 'text' && event.text.includes('"summary":"x"'))).toBe(true);
});

test('local: codex asks what OLLAMA_HOST names, and no account', { timeout: 60_000 }, async (context) => {
  if ('skipped' in program) return context.skip(program.skipped);
  await using arena = await makeArena({
    adapter: LOCAL,
    settings: { run: [program.path], model: 'qwen3:8b' },
    environment: (model, home) => ({ ...emptyEnvironment(home), OLLAMA_HOST: model.url }),
  });
  const report = { tool: { name: 'report_packet', arguments: { summary: 'It is done.' } } };
  const { end } = await arena.play([report, { tool: { name: 'finish', arguments: { status: 'done' } } }]);
  expect(end.kind).toBe('finished');
  expect(arena.model.requests.every(({ headers }) => headers.authorization === undefined)).toBe(true);
});
