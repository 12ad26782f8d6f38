import { GEMINI } from '../../src/agents/gemini/gemini.ts';
import { findProgram } from '../fixtures/agents/cache.ts';
import { programSuite } from './agent-program.ts';

programSuite('gemini', {
  adapter: GEMINI,
  program: findProgram('gemini'),
  settings: { model: 'gemini-2.5-flash' },
  environment: ({ url }) => ({ GOOGLE_GEMINI_BASE_URL: url }),
  waitsForRetryAfter: true,
  refused: { 429: 'provider', 500: 'provider', 401: 'provider' },
  resumesAfterKill: true,
  // It reckons that its model cannot hold it, and ends.
  refusesLargePrompts: true,
});
