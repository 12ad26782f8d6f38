import { SCRIPTED, SCRIPTED_PROGRAM } from '../fixtures/agents/scripted.ts';
import { programSuite } from './agent-program.ts';

const [path, script] = SCRIPTED_PROGRAM;

programSuite('the scripted fake', {
  adapter: SCRIPTED,
  program: { path, prefixArgs: [script], version: 'ours' },
  environment: ({ url }) => ({ SCRIPTED_URL: url }),
  waitsForRetryAfter: true,
  refused: { 429: 'provider', 500: 'provider', 401: 'provider' },
});
