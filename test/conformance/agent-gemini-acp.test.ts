import { findProgram } from '../fixtures/agents/cache.ts';
import { acpSuite } from './agent-acp.ts';

acpSuite('gemini', findProgram('gemini-acp'), {
  // Without a model it asks one first which to take.
  args: ['--acp', '-m', 'gemini-2.5-flash'],
  environment: ({ url }) => ({ GOOGLE_GEMINI_BASE_URL: url }),
  waitsForRetryAfter: true,
  refused: { 429: 'provider', 500: 'provider', 401: 'provider' },
  refusesLargePrompts: true,
  resumesAfterKill: false,
});
