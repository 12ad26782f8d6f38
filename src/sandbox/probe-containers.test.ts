import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { StubEngine } from '../../test/fixtures/container/stub-engine.ts';
import { useTemporaryDirectory } from '../../test/fixtures/temporary-directory.ts';
import { resolveSandbox } from '../config/sandbox-schema.ts';
import type { CellPolicy } from '../core/cell-policy.ts';
import { SupportFinder } from './find-support.ts';
import { probeContainers } from './probe-containers.ts';

test('an engine is what answers, whatever it is called', async () => {
  const base = await useTemporaryDirectory();
  const docker = await StubEngine.make(join(base, 'a'), 'docker');
  const environment = { ...docker.environment, DOCKER_HOST: 'unix:///run/d.sock', TOKEN: 'secret' };
  expect(await probeContainers('auto', environment)).toEqual({
    kind: 'works',
    program: join(docker.bin, 'docker'),
    what: 'docker 28.0.0',
    flavour: 'docker',
    rootless: false,
    environment: { DOCKER_HOST: 'unix:///run/d.sock' },
  });
  const podman = await StubEngine.make(join(base, 'b'), 'podman');
  expect(await probeContainers('podman', podman.environment)).toMatchObject({ flavour: 'podman', rootless: true });
  const named = await StubEngine.make(join(base, 'c'), 'docker', 'podman');
  expect(await probeContainers('docker', named.environment)).toMatchObject({ flavour: 'podman', what: 'podman 4.9.0' });
});

test('auto takes what works', async () => {
  const base = await useTemporaryDirectory();
  const docker = await StubEngine.make(join(base, 'a'), 'docker');
  const podman = await StubEngine.make(join(base, 'b'), 'podman');
  await docker.turn('down');
  const environment = { PATH: `${docker.bin}:${podman.environment['PATH'] ?? ''}` };
  expect(await probeContainers('auto', environment)).toMatchObject({ flavour: 'podman' });
  expect(await probeContainers('docker', environment)).toEqual({
    kind: 'missing',
    why: expect.stringMatching(/^docker does not work here: Cannot connect to the Docker daemon at /),
  });
});

test('rootless is told; users that are mapped to others are of no use', async () => {
  const docker = await StubEngine.make(await useTemporaryDirectory());
  await docker.say('["name=seccomp,profile=builtin","name=rootless","name=cgroupns"]');
  expect(await probeContainers('docker', docker.environment)).toMatchObject({ kind: 'works', rootless: true });
  await docker.say('["name=seccomp","name=userns"]');
  expect(await probeContainers('docker', docker.environment)).toMatchObject({
    kind: 'missing',
    why: expect.stringContaining('userns-remap'),
  });
});

test('no engine', async () => {
  const PATH = join(await useTemporaryDirectory(), 'bin');
  await mkdir(PATH);
  expect(await probeContainers('auto', { PATH })).toEqual({
    kind: 'missing',
    why: 'docker is not installed, and podman is not installed',
  });
});

test('an engine is looked for only where a policy asks for containers, and it is one', async () => {
  const docker = await StubEngine.make(await useTemporaryDirectory());
  const { agents } = resolveSandbox('container');
  const find = async (...policies: Partial<CellPolicy>[]): Promise<unknown> => {
    const finder = new SupportFinder(docker.environment, await useTemporaryDirectory(), false);
    return (await finder.find(policies.map((policy) => ({ ...agents, ...policy })))).container;
  };
  expect(await find({ kind: 'none' })).toMatchObject({ kind: 'missing' });
  expect(docker.calls()).toEqual([]);
  expect(await find({}, { engine: 'docker' })).toMatchObject({ kind: 'works' });
  expect(await find({ engine: 'podman' }, { engine: 'docker' })).toEqual({
    kind: 'missing',
    why: 'one yard has one engine for its containers, not podman and docker',
  });
});
