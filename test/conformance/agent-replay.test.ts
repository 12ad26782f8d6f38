import { replayAgent } from '../../src/agents/replay.ts';
import { SELF } from '../fixtures/yard/yard.ts';
import { agentSuite } from './agent.ts';

agentSuite('the replay adapter', {
  make: (script) =>
    replayAgent({
      name: 'mine',
      recipes: { 'TASK-1': [[{ kind: 'run', command: script ?? 'true' }]] },
      self: script === null ? ['/nonexistent/program'] : SELF,
    }),
  isTransparent: false,
});
