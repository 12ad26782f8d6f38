import { findProgram } from '../fixtures/agents/cache.ts';
import { acpSuite } from './agent-acp.ts';

acpSuite('claude', findProgram('claude-acp'), {
  args: [],
  environment: ({ url }) => ({ ANTHROPIC_BASE_URL: url, IS_SANDBOX: '1' }),
  waitsForRetryAfter: true,
  refused: { 429: 'provider', 500: 'provider', 401: 'provider' },
  refusesLargePrompts: true,
  resumesAfterKill: true,
});
