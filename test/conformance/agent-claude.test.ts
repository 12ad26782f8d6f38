import { CLAUDE } from '../../src/agents/claude/claude.ts';
import { findProgram } from '../fixtures/agents/cache.ts';
import { programSuite } from './agent-program.ts';

programSuite('claude', {
  adapter: CLAUDE,
  program: findProgram('claude'),
  settings: { model: 'claude-sonnet-4-5' },
  environment: ({ url }) => ({ ANTHROPIC_BASE_URL: url }),
  waitsForRetryAfter: true,
  refused: { 429: 'provider', 500: 'provider', 401: 'provider' },
  tellsCacheWrites: true,
  resumesAfterKill: true,
  structured: (value) => [{ tool: { name: 'StructuredOutput', arguments: value as Record<string, unknown> } }],
});
