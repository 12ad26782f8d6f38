import { findProgram } from '../fixtures/agents/cache.ts';
import { acpSuite } from './agent-acp.ts';

acpSuite('qwen', findProgram('qwen-acp'), {
  args: ['--acp'],
  environment: ({ url }) => ({ OPENAI_BASE_URL: `${url}/v1`, OPENAI_MODEL: 'stub-model' }),
  waitsForRetryAfter: true,
  // It tries for more than a minute, and then says in words only what it was.
  refused: { 429: 'provider', 500: 'silence', 401: 'silence' },
  refusesLargePrompts: true,
  resumesAfterKill: true,
});
