import { expect, test } from 'vitest';

import type { ContainerEngine } from '../core/sandbox-choice.ts';
import { defaultMemoryBytes } from './default-memory.ts';
import { containerArguments } from './container-arguments.ts';
import type { ContainerRequest } from './container-arguments.ts';

const ENGINE: ContainerEngine = { program: '/bin/docker', flavour: 'docker', rootless: false, environment: {} };
const LIMITS = { memoryBytes: 1024, processes: 64, fileBytes: 4096, diskBytes: 1, nice: 5 };

function argumentsOf(rest: Partial<ContainerRequest> = {}): string[] {
  return containerArguments({
    engine: ENGINE,
    image: 'node:24',
    name: 'yard-1',
    labels: { 'yardmaster.yard': 'abc' },
    idFile: '/scratch/id',
    user: { uid: 1000, gid: 100 },
    mounts: [],
    directory: '/lane',
    network: 'open',
    limits: LIMITS,
    variables: ['HOME', 'TOKEN'],
    argv: ['/bin/sh', '-c', 'true'],
    ...rest,
  });
}

test('what docker is asked for', () => {
  expect(argumentsOf()).toEqual([
    'run',
    '--rm',
    '--init',
    '--interactive',
    '--name=yard-1',
    '--label=yardmaster.yard=abc',
    '--cidfile=/scratch/id',
    '--cap-drop=ALL',
    '--security-opt=no-new-privileges',
    '--security-opt=label=disable',
    '--read-only',
    '--log-driver=none',
    '--user=1000:100',
    '--network=bridge',
    '--add-host=host.docker.internal:host-gateway',
    '--memory=1024b',
    '--memory-swap=1024b',
    '--pids-limit=64',
    '--ulimit=fsize=4096:4096',
    '--ulimit=core=0:0',
    '--cpu-shares=336',
    '--workdir=/lane',
    '--env=HOME',
    '--env=TOKEN',
    '--entrypoint=/bin/sh',
    'node:24',
    '-c',
    'true',
  ]);
});

test('without network there is none, and no name for the machine; hosts by name have none of their own', () => {
  for (const network of ['none', ['example.org']] as const) {
    const args = argumentsOf({ network });
    expect(args).toContain('--network=none');
    expect(args.filter((arg) => arg.startsWith('--add-host'))).toEqual([]);
  }
});

test('files of the lane belong to the same user within and without, whoever the engine runs as', () => {
  const users = (engine: Partial<ContainerEngine>): string[] =>
    argumentsOf({ engine: { ...ENGINE, ...engine } }).filter((arg) => arg.startsWith('--user'));
  expect(users({})).toEqual(['--user=1000:100']);
  expect(users({ rootless: true })).toEqual(['--user=0:0']);
  expect(users({ flavour: 'podman' })).toEqual(['--user=1000:100']);
  expect(users({ flavour: 'podman', rootless: true })).toEqual(['--userns=keep-id', '--user=1000:100']);
});

test('podman is left to its own network', () => {
  const args = argumentsOf({ engine: { ...ENGINE, flavour: 'podman' } });
  expect(args.filter((arg) => /^--(?:network|add-host)/.test(arg))).toEqual([]);
});

test('four fifths of the memory unless it is said; a command that is not nice keeps its share', () => {
  const args = argumentsOf({ limits: { ...LIMITS, memoryBytes: null, nice: 0 } });
  expect(args).toContain(`--memory=${defaultMemoryBytes()}b`);
  expect(args.filter((arg) => arg.startsWith('--cpu-shares'))).toEqual([]);
});

test('mounts, whatever characters their paths have', () => {
  const args = argumentsOf({
    mounts: [
      { kind: 'write', at: '/lane', from: '/state/lane' },
      { kind: 'read', at: '/a,b "c"', from: '/a,b "c"' },
      { kind: 'hidden', at: '/secret' },
    ],
  });
  expect(args.filter((arg) => arg.startsWith('--mount'))).toEqual([
    '--mount=type=bind,source=/state/lane,target=/lane',
    '--mount=type=bind,"source=/a,b ""c""","target=/a,b ""c""",readonly',
    '--mount=type=tmpfs,target=/secret,tmpfs-mode=0555',
  ]);
});
