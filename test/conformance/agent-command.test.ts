import { commandAgent } from '../../src/agents/command.ts';
import { agentSuite } from './agent.ts';

agentSuite('the command adapter', {
  make: (script) => commandAgent({ name: 'mine', run: script ?? ['/nonexistent/program'] }),
  isTransparent: true,
});
