import { findProgram } from '../fixtures/agents/cache.ts';
import { acpSuite } from './agent-acp.ts';

acpSuite('codex', findProgram('codex-acp'), {
  args: [],
  // It passes no address on, but settings of codex.
  environment: ({ url }) => ({
    CODEX_CONFIG: JSON.stringify({ openai_base_url: `${url}/v1`, model: 'gpt-5.1-codex' }),
  }),
  waitsForRetryAfter: true,
  // It ends its turn in order.
  refused: { 429: 'unfinished', 500: 'unfinished', 401: 'unfinished' },
  refusesLargePrompts: true,
  resumesAfterKill: true,
});
