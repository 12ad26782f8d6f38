import { probeBubblewrap } from '../../src/sandbox/probe.ts';
import { bubblewrapSandbox } from '../../src/sandbox/bubblewrap.ts';
import { testSandbox } from './sandbox.ts';

const support = await probeBubblewrap(process.env['PATH'] ?? '');

testSandbox('bubblewrap', {
  make: () => (support.kind === 'works' ? { sandbox: bubblewrapSandbox(support.program) } : { missing: support.why }),
  holds: true,
});
