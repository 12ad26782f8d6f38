import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { PI } from '../../src/agents/pi/pi.ts';
import type { StubModel } from '../../src/cli/demo/model/stub-model.ts';
import { DUMMY_KEY, findProgram } from '../fixtures/agents/cache.ts';
import { programSuite } from './agent-program.ts';

programSuite('pi', {
  adapter: PI,
  program: findProgram('pi'),
  settings: { model: 'stub/stub-model' },
  environment: () => ({}),
  prepare: writeProvider,
  waitsForRetryAfter: true,
  refused: { 429: 'provider', 500: 'provider', 401: 'provider' },
  resumesAfterKill: true,
});

/** A provider of the operator's own. */
async function writeProvider({ url }: StubModel, home: string): Promise<void> {
  const model = {
    id: 'stub-model',
    name: 'Stub',
    reasoning: false,
    input: ['text'],
    cost: { input: 1, output: 2, cacheRead: 0, cacheWrite: 0 },
    contextWindow: 10_000_000,
    maxTokens: 8000,
  };
  const stub = { baseUrl: `${url}/v1`, api: 'openai-completions', apiKey: DUMMY_KEY, models: [model] };
  const directory = join(home, '.pi/agent');
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'models.json'), JSON.stringify({ providers: { stub } }));
}
