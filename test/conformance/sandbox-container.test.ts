import { afterAll } from 'vitest';

import { containerSandbox } from '../../src/sandbox/container.ts';
import { ContainerRegister } from '../../src/sandbox/container-register.ts';
import { probeBubblewrap } from '../../src/sandbox/probe.ts';
import { StubEngine } from '../fixtures/container/stub-engine.ts';
import { temporaryDirectory } from '../fixtures/temporary-directory.ts';
import { testSandbox } from './sandbox.ts';

const support = await probeBubblewrap(process.env['PATH'] ?? '');
const place = await temporaryDirectory('engine');
afterAll(() => place[Symbol.asyncDispose]());
const engine = await (await StubEngine.make(place.path)).found();
const register = new ContainerRegister(place.path);

testSandbox('container (of an engine that bubblewrap plays)', {
  make: () =>
    support.kind === 'works'
      ? { sandbox: containerSandbox({ engine, image: 'image', register, yard: place.path }) }
      : { missing: support.why },
  holds: true,
  ownGround: true,
});
