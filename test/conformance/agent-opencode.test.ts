import { OPENCODE } from '../../src/agents/opencode/opencode.ts';
import { findProgram } from '../fixtures/agents/cache.ts';
import { writeProvider } from '../fixtures/agents/opencode-provider.ts';
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
