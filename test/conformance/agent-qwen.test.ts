import { QWEN } from '../../src/agents/qwen/qwen.ts';
import { findProgram } from '../fixtures/agents/cache.ts';
import { programSuite } from './agent-program.ts';

programSuite('qwen', {
  adapter: QWEN,
  program: findProgram('qwen'),
  settings: { model: 'stub-model' },
  environment: ({ url }) => ({ OPENAI_BASE_URL: `${url}/v1` }),
  waitsForRetryAfter: true,
  // After more than a minute.
  refused: { 429: 'provider', 500: 'provider', 401: 'provider' },
  resumesAfterKill: true,
  // It reckons that its model cannot hold it, and ends.
  refusesLargePrompts: true,
});
