import { findProgram } from '../fixtures/agents/cache.ts';
import { writeProvider } from '../fixtures/agents/opencode-provider.ts';
import { acpSuite } from './agent-acp.ts';

acpSuite('opencode', findProgram('opencode-acp'), {
  args: ['acp'],
  environment: () => ({ OPENCODE_DISABLE_MODELS_FETCH: '1' }),
  prepare: writeProvider,
  waitsForRetryAfter: true,
  // It tries for more than a minute without a word, and 401 and 500 look alike.
  refused: { 429: 'silence', 500: 'provider', 401: 'overload' },
  resumesAfterKill: true,
  isHeavy: true,
});
