import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { DUMMY_KEY, findProgram } from '../fixtures/agents/cache.ts';
import { acpSuite } from './agent-acp.ts';

// Programs that have an adapter of their own, over the protocol that they share: minutes for little news.
const found = (name: string): ReturnType<typeof findProgram> =>
  process.env['YARD_TEST_AGENTS'] === 'all' ? findProgram(name) : { skipped: 'only in npm run test:agents' };

acpSuite('gemini', found('gemini'), {
  args: ['--acp'],
  environment: ({ url }) => ({ GOOGLE_GEMINI_BASE_URL: url }),
  waitsForRetryAfter: true,
  refused: { 429: 'provider', 500: 'provider', 401: 'provider' },
});

acpSuite('opencode', found('opencode'), {
  args: ['acp'],
  environment: () => ({ OPENCODE_DISABLE_MODELS_FETCH: '1' }),
  prepare: async ({ url }, home) => {
    const directory = join(home, '.config/opencode');
    await mkdir(directory, { recursive: true });
    const provider = {
      npm: '@ai-sdk/openai-compatible',
      options: { baseURL: `${url}/v1`, apiKey: DUMMY_KEY },
      models: { 'stub-model': { limit: { context: 200_000, output: 8000 }, cost: { input: 1, output: 2 } } },
    };
    await writeFile(
      join(directory, 'opencode.json'),
      JSON.stringify({ provider: { stub: provider }, model: 'stub/stub-model', small_model: 'stub/stub-model' }),
    );
  },
  waitsForRetryAfter: true,
  refused: { 429: 'silence', 500: 'silence', 401: 'provider' },
  isHeavy: true,
});
