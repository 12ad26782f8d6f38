import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

import { makeCell } from '../../test/fixtures/container/cell.ts';
import { useTemporaryDirectory } from '../../test/fixtures/temporary-directory.ts';
import { until } from '../../test/fixtures/yard/until.ts';
import { findProgram } from '../process/find-program.ts';
import { ContainerRegister } from './container-register.ts';
import { ask } from './container-removal.ts';
import { containerSandbox } from './container.ts';
import { runInCell } from './run-in-cell.ts';

// The real program of docker, before a daemon that takes down what it is asked for, and makes nothing.

const program = findProgram('docker', process.env['PATH'] ?? '');

async function read(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text === '' ? null : JSON.parse(text);
}

test('docker understands what it is told', async (context) => {
  if (program === null) return context.skip('docker is not installed');
  const { said } = await ask({ program, environment: {} }, ['--version']);
  if (!said.startsWith('Docker version')) return context.skip(`this docker is ${said.trim()}`);
  const base = await useTemporaryDirectory();
  const socket = join(base, 'd');
  let created: unknown = null;
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await read(request);
    response.setHeader('Api-Version', '1.45');
    response.setHeader('Content-Type', 'application/json');
    if (request.url?.includes('/containers/create') === true) {
      created = body;
      response.statusCode = 500;
    } else if (request.url?.includes('/containers/') === true) response.statusCode = 404;
    response.end(JSON.stringify({ message: 'No such container: taken down' }));
  };
  const server = createServer((request, response) => void answer(request, response));
  server.listen(socket);
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  await until('the daemon', () => server.listening);
  const environment = { DOCKER_HOST: `unix://${socket}`, DOCKER_CONFIG: base };
  const engine = { program, flavour: 'docker', rootless: false, environment } as const;
  const register = new ContainerRegister(base);
  const sandbox = containerSandbox({ engine, image: 'node:24', register, yard: base });
  const cell = { ...(await makeCell(base, sandbox)), network: 'none' } as const;
  const env = { PATH: process.env['PATH'] ?? '', HOME: join(base, 'home'), TOKEN: 'canary' };
  const result = await runInCell(sandbox, cell, { argv: ['/bin/sh', '-c', 'x "y"'], env }, { marker: 'marker' });
  expect(result).toMatchObject({ kind: 'spawn-failed', message: expect.stringContaining('No such container') });
  const { limits, directory, scratch } = cell;
  const bind = (source: string, target: string): object => ({ Type: 'bind', Source: source, Target: target });
  expect(created).toMatchObject({
    Image: 'node:24',
    Entrypoint: ['/bin/sh'],
    Cmd: ['-c', 'x "y"'],
    User: sandbox.owner === null ? `${process.getuid?.()}:${process.getgid?.()}` : '65534:65534',
    WorkingDir: directory,
    OpenStdin: true,
    StdinOnce: true,
    AttachStdout: true,
    AttachStderr: true,
    Tty: false,
    Env: expect.arrayContaining([`HOME=${env.HOME}`, 'TMPDIR=/tmp', 'TOKEN=canary']),
    Labels: { 'yardmaster.yard': expect.any(String), 'yardmaster.marker': expect.any(String) },
    HostConfig: {
      AutoRemove: true,
      Init: true,
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges', 'label=disable'],
      LogConfig: { Type: 'none' },
      NetworkMode: 'none',
      MemorySwap: expect.any(Number),
      PidsLimit: limits.processes,
      CpuShares: 336,
      Ulimits: expect.arrayContaining([
        { Name: 'fsize', Hard: limits.fileBytes, Soft: limits.fileBytes },
        { Name: 'core', Hard: 0, Soft: 0 },
      ]),
      Mounts: [
        bind(join(scratch, 'tmp'), '/tmp'),
        bind(join(scratch, 'tmp'), '/var/tmp'),
        bind(join(scratch, 'home'), env.HOME),
        bind(directory, directory),
      ],
    },
  });
  expect(register.records()).toEqual([]);
});
