import { useBubblewrap } from '../fixtures/bubblewrap.ts';
import { testSandbox } from './sandbox.ts';

const { layered } = await useBubblewrap();

testSandbox('bubblewrap, with a layer', { make: () => layered, holds: true });
