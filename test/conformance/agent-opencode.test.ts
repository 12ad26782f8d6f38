import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { OPENCODE } from '../../src/agents/opencode/opencode.ts';
import type { StubModel } from '../../src/cli/demo/model/stub-model.ts';
import { DUMMY_KEY, findProgram } from '../fixtures/agents/cache.ts';
import { programSuite } from './agent-program.ts';

programSuite('opencode', {
  adapter: OPENCODE,
  program: findProgram('opencode'),
  settings: { model: 'stub/stub-model' },
  environment: () => ({ OPENCODE_DISABLE_MODELS_FETCH: '1' }),
  prepare: writeProvider,
  waitsForRetryAfter: true,
  refused: { 429: 'provider', 500: 'provider', 401: 'provider' },
  // What it has a session for, it tells with the first answer of its model.
  resumesAfterKill: false,
  isHeavy: true,
});

/** A provider of the operator's own. */
async function writeProvider({ url }: StubModel, home: string): Promise<void> {
  const provider = {
    npm: '@ai-sdk/openai-compatible',
    options: { baseURL: `${url}/v1`, apiKey: DUMMY_KEY },
    models: { 'stub-model': { limit: { context: 10_000_000, output: 8000 }, cost: { input: 1, output: 2 } } },
  };
  const directory = join(home, '.config/opencode');
  await mkdir(directory, { recursive: true });
  const config = { small_model: 'stub/stub-model', provider: { stub: provider } };
  await writeFile(join(directory, 'opencode.json'), JSON.stringify(config));
}
