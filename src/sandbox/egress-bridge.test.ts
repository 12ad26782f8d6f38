import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { root } from '../../test/fixtures/repository-files.ts';
import { useProxy } from '../../test/fixtures/sandbox/egress.ts';
import { allowedEnvironment } from '../process/environment.ts';
import { type RunOptions, runProcess } from '../process/run.ts';

const MAIN = join(root, 'test/fixtures/yard/from-source.js');
/** A cell with a loopback of its own, and no other network. */
const NO_NETWORK = ['--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc', '--unshare-net', '--unshare-pid'];
const base: RunOptions = { cwd: root, env: allowedEnvironment([], {}), killGraceMs: 1000 };

const missing = async (program: string, ...args: string[]): Promise<boolean> => {
  const result = await runProcess(program, args, base);
  return !(result.kind === 'exited' && result.code === 0);
};
const noCell = await missing('bwrap', ...NO_NETWORK, '--', 'true');
const noCurl = await missing('curl', '--version');
const whyNot = noCell ? ' (skipped: bwrap does not work here)' : noCurl ? ' (skipped: there is no curl)' : '';

const bridged = (socketPath: string, command: readonly string[], options: Partial<RunOptions> = {}) =>
  runProcess(process.execPath, [MAIN, '_egress', socketPath, '--', ...command], { ...base, ...options });

async function useHttpServer(): Promise<number> {
  const server = createServer((request, response) => response.end(`${request.method} ${request.url}`));
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}

describe.skipIf(whyNot !== '')(`in a cell without a network${whyNot}`, () => {
  const inCell = (socketPath: string, ...command: string[]) =>
    runProcess(
      'bwrap',
      [...NO_NETWORK, '--die-with-parent', '--', process.execPath, MAIN, '_egress', socketPath, '--', ...command],
      base,
    );

  it('curl reaches a listed host, and no other one by any way', async () => {
    const port = await useHttpServer();
    const proxy = await useProxy([`a.test:${port}=private`], { addresses: { 'a.test': ['127.0.0.1'] } });
    const curl = ['curl', '--silent', '--show-error', '--proxytunnel'];
    const listed = await inCell(proxy.socketPath, ...curl, `http://a.test:${port}/path`);
    expect([listed.stdout.toString(), listed.stderr.toString()]).toEqual(['GET /path', '']);
    for (const url of [`http://b.test:${port}/`, `http://10.255.255.1:${port}/`, 'http://a.test:22/']) {
      const refused = await inCell(proxy.socketPath, ...curl, url);
      expect(refused.stderr.toString()).toMatch(/CONNECT tunnel failed, response 403/);
    }
    // Past the proxy there is nothing: not even the host's own loopback.
    const around = await inCell(proxy.socketPath, ...curl, '--noproxy', '*', `http://127.0.0.1:${port}/`);
    expect(around).toMatchObject({ kind: 'exited', code: 7 });
    expect(proxy.records.map(({ why }) => why)).toEqual(['ended', 'not-listed', 'not-a-name', 'port']);
  });

  it('fetch of Node does as well', async () => {
    const port = await useHttpServer();
    const proxy = await useProxy([`a.test:${port}=private`], { addresses: { 'a.test': ['127.0.0.1'] } });
    const script = `
      console.log(await (await fetch('http://a.test:${port}/x')).text());
      await fetch('http://b.test/').catch((error) => console.log('refused', error.cause.message));`;
    const result = await inCell(proxy.socketPath, process.execPath, '--input-type=module', '--eval', script);
    expect(result.stdout.toString()).toMatch(/^GET \/x\nrefused /);
  });
});

describe('the command', () => {
  it('has the proxy in its environment, and its own arguments and streams', async () => {
    const script = 'cat; echo "$HTTPS_PROXY $http_proxy $NODE_USE_ENV_PROXY $NO_PROXY $1"; echo talk >&2';
    const { socketPath } = await useProxy([]);
    const result = await bridged(socketPath, ['sh', '-c', script, 'sh', '--'], { input: 'bytes \u0000\n' });
    expect(result.stdout.toString()).toMatch(
      /^bytes \0\nhttp:\/\/127\.0\.0\.1:(\d+) http:\/\/127\.0\.0\.1:\1 1 localhost,127\.0\.0\.1,::1 --\n$/,
    );
    expect(result.stderr.toString()).toBe('talk\n');
  });

  it.each([
    ['exit 0', { kind: 'exited', code: 0 }],
    ['exit 3', { kind: 'exited', code: 3 }],
    ['exit 255', { kind: 'exited', code: 255 }],
    ['kill -TERM $$', { kind: 'signalled', signal: 'SIGTERM' }],
    ['kill -KILL $$', { kind: 'signalled', signal: 'SIGKILL' }],
    ['exec </dev/null >&- 2>&-; exit 4', { kind: 'exited', code: 4 }],
  ])('ends the bridge as itself: %s', async (script, end) => {
    const { socketPath } = await useProxy([]);
    expect(await bridged(socketPath, ['sh', '-c', script])).toMatchObject(end);
  });

  it.each([
    ['/no/such/program', 127],
    ['/etc/passwd', 126],
  ])('that cannot be started is told as a shell does: %s', async (program, code) => {
    const { socketPath } = await useProxy([]);
    const result = await bridged(socketPath, [program]);
    expect(result).toMatchObject({ kind: 'exited', code });
    expect(result.stderr.toString()).toContain(`cannot start ${program}`);
  });

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('gets %s', async (signal) => {
    const { socketPath } = await useProxy([]);
    const script = `trap 'echo got it; exit 9' ${signal.slice(3)}; echo ready; while :; do read -r line; done`;
    let bridge = 0;
    let isSent = false;
    const result = await bridged(socketPath, ['sh', '-c', script], {
      holdInput: true,
      onStarted: ({ identity }) => {
        bridge = identity.pid;
      },
      onOutput: () => {
        if (!isSent) process.kill(bridge, signal);
        isSent = true;
      },
    });
    expect(result).toMatchObject({ kind: 'exited', code: 9 });
    expect(result.stdout.toString()).toBe('ready\ngot it\n');
  });

  it('is told of a proxy that is gone by connections that break', async () => {
    const proxy = await useProxy([]);
    await proxy.close();
    const script = `await fetch('http://a.test/').catch(() => console.log('refused'));`;
    const command = [process.execPath, '--input-type=module', '--eval', script];
    expect((await bridged(proxy.socketPath, command)).stdout.toString()).toBe('refused\n');
  });
});

it.each([[[]], [['socket']], [['socket', 'true']], [['socket', '--']]])('is not started by %j', async (args) => {
  const result = await runProcess(process.execPath, [MAIN, '_egress', ...args], base);
  expect(result).toMatchObject({ kind: 'exited' });
  expect(result).not.toHaveProperty('code', 0);
  expect(result.stderr.toString()).toContain('usage');
});
