import { findProgram } from '../fixtures/agents/cache.ts';
import { acpSuite } from './agent-acp.ts';

acpSuite('codex', findProgram('codex-acp'), {
  args: [],
  // It passes no address on, but settings of codex.
  environment: ({ url }) => ({
    CODEX_CONFIG: JSON.stringify({ openai_base_url: `${url}/v1`, model: 'gpt-5.1-codex' }),
  }),
  waitsForRetryAfter: true,
  // It ends its turn in order, but for a key that is refused.
  refused: { 429: 'unfinished', 500: 'unfinished', 401: 'provider' },
  refusesLargePrompts: true,
  resumesAfterKill: true,
});
