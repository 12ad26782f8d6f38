import { NO_SANDBOX } from '../../src/sandbox/none.ts';
import { testSandbox } from './sandbox.ts';

testSandbox('none', { make: () => ({ sandbox: NO_SANDBOX }), holds: false });
