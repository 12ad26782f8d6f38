import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  connectLine,
  exchange,
  readAll,
  useClient,
  useProxy,
  useServer,
  whenClosed,
} from '../../test/fixtures/sandbox/egress.ts';
import { useTemporaryDirectory } from '../../test/fixtures/temporary-directory.ts';
import { NdjsonLog } from '../process/ndjson-log.ts';

const MIB = 1024 * 1024;

const echo = (): Promise<number> => useServer((socket) => void socket.pipe(socket));

describe('what it lets through', () => {
  it('is a listed host, at the address that its name had, both ways, each with its own end', async () => {
    const port = await echo();
    const proxy = await useProxy([`echo.test:${port}=private`], { addresses: { 'echo.test': ['127.0.0.1'] } });
    const client = useClient(proxy.socketPath);
    client.end(`${connectLine(`Echo.TEST:${port}`)}hello`);
    expect(await readAll(client)).toBe('HTTP/1.1 200 Connection Established\r\n\r\nhello');
    await proxy.close();
    expect(proxy.records).toMatchObject([
      { host: 'Echo.TEST', port, allowed: true, why: 'ended', address: '127.0.0.1', bytesIn: 5, bytesOut: 5 },
    ]);
    expect(proxy.asked).toEqual(['echo.test']);
  });

  it('is resolved once: a name that changes its mind changes nothing', async () => {
    const port = await echo();
    const answers = [['127.0.0.1'], ['169.254.169.254']];
    const proxy = await useProxy([`echo.test:${port}=private`], { resolve: async () => answers.shift() ?? [] });
    const client = useClient(proxy.socketPath);
    client.end(`${connectLine(`echo.test:${port}`)}x`);
    expect(await readAll(client)).toMatch(/x$/);
    expect(answers).toHaveLength(1);
  });

  it('goes to the next address when one does not answer', async () => {
    const port = await echo();
    const addresses = { 'echo.test': ['127.0.0.254', '::1', '127.0.0.1'] };
    const proxy = await useProxy([`echo.test:${port}=private`], { addresses });
    const client = useClient(proxy.socketPath);
    client.end(`${connectLine(`echo.test:${port}`)}x`);
    expect(await readAll(client)).toMatch(/x$/);
  });
});

describe('what it refuses', () => {
  const addresses = {
    'inner.test': ['10.0.0.1'],
    'loop.test': ['127.0.0.1', '::1'],
    'mapped.test': ['::ffff:127.0.0.1'],
    'meta.test': ['169.254.169.254'],
    'meta-private.test': ['169.254.169.254', '0.0.0.0', 'fe80::1', '224.0.0.1'],
    'empty.test': [],
  };
  const entries = [
    '*.listed.test',
    ...Object.keys(addresses).map((name) => (name === 'meta-private.test' ? `${name}=private` : name)),
    'unknown.test',
  ];

  const cases: [string, number, string][] = [
    [connectLine('other.test:443'), 403, 'not-listed'],
    [connectLine('listed.test:443'), 403, 'not-listed'],
    [connectLine('a.listed.test:22'), 403, 'port'],
    [connectLine('inner.test:443'), 403, 'address'],
    [connectLine('loop.test:443'), 403, 'address'],
    [connectLine('mapped.test:443'), 403, 'address'],
    [connectLine('meta.test:80'), 403, 'address'],
    [connectLine('meta-private.test:80'), 403, 'address'],
    [connectLine('empty.test:443'), 502, 'unresolved'],
    [connectLine('unknown.test:443'), 502, 'unresolved'],
    [connectLine('127.0.0.1:443'), 403, 'not-a-name'],
    [connectLine('0x7f000001:443'), 403, 'not-a-name'],
    [connectLine('2130706433:443'), 403, 'not-a-name'],
    [connectLine('0177.0.0.1:443'), 403, 'not-a-name'],
    [connectLine('[::1]:443'), 403, 'not-a-name'],
    [connectLine('[::ffff:7f00:1]:443'), 403, 'not-a-name'],
    [connectLine('localhost:443'), 403, 'not-a-name'],
    [connectLine('loop.test.:443'), 403, 'not-a-name'],
    [connectLine('loop.test'), 400, 'malformed'],
    [connectLine('loop.test:99999'), 400, 'malformed'],
    [connectLine('user@loop.test:443'), 403, 'not-a-name'],
    [connectLine('http://loop.test:443'), 400, 'malformed'],
    ['GET http://loop.test/ HTTP/1.1\r\nHost: loop.test\r\n\r\n', 405, 'method'],
    ['GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n', 405, 'method'],
    ['POST / HTTP/1.1\r\nContent-Length: 999999999\r\n\r\nbody', 405, 'method'],
    ['OPTIONS * HTTP/1.1\r\n\r\n', 405, 'method'],
    ['connect loop.test:443 HTTP/1.1\r\n\r\n', 400, 'malformed'],
    ['\u0016\u0003\u0001\u0002\u0000 a TLS greeting', 400, 'malformed'],
    ['SSH-2.0-OpenSSH\r\n', 400, 'malformed'],
    [`CONNECT loop.test:443 HTTP/1.1\r\nX: ${'x'.repeat(MIB)}\r\n\r\n`, 431, 'header-too-large'],
    [connectLine(`${'a'.repeat(MIB)}.listed.test:443`), 431, 'header-too-large'],
  ];
  const named = cases.map(([request, ...rest]) => [request.slice(0, 60), ...rest, request] as const);

  it.each(named)('%j: %i, %s', async (_, status, why, request) => {
    const proxy = await useProxy(entries, { addresses });
    const answer = await exchange(proxy.socketPath, Buffer.from(request, 'latin1'));
    expect(Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1])).toBe(status);
    await proxy.close();
    expect(proxy.records).toHaveLength(1);
    expect(proxy.records[0]).toMatchObject({ why, address: null, bytesIn: 0, bytesOut: 0 });
    if (status !== 502) expect(proxy.records[0]?.allowed).toBe(false);
  });

  it('is never looked up unless it is listed', async () => {
    const proxy = await useProxy(['a.test'], { addresses: {} });
    await exchange(proxy.socketPath, connectLine('secret-in-a-name.evil.test:443'));
    await exchange(proxy.socketPath, connectLine('a.test:22'));
    expect(proxy.asked).toEqual([]);
  });

  it('is what nobody listens to', async () => {
    const proxy = await useProxy(['gone.test:1=private'], { addresses: { 'gone.test': ['127.0.0.1'] } });
    expect(await exchange(proxy.socketPath, connectLine('gone.test:1'))).toMatch(/^HTTP\/1\.1 502 /);
    expect(proxy.records).toMatchObject([{ allowed: true, why: 'unreachable' }]);
  });

  it('is a second request on the same connection', async () => {
    const proxy = await useProxy(['a.test'], { addresses: {} });
    const answer = await exchange(proxy.socketPath, connectLine('b.test:443') + connectLine('c.test:443'));
    expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1);
    expect(proxy.records).toHaveLength(1);
  });
});

describe('limits', () => {
  it('end a header that does not come', async () => {
    const proxy = await useProxy(['a.test'], { limits: { headerMs: 50 } });
    const answers = [exchange(proxy.socketPath, 'CONNECT a.test:443 HTTP/1.1\r\nX: '), exchange(proxy.socketPath, '')];
    for (const answer of await Promise.all(answers)) expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(proxy.records.map(({ why }) => why)).toEqual(['header-too-slow', 'header-too-slow']);
  });

  it('end a name that does not resolve', async () => {
    const { promise } = Promise.withResolvers<string[]>();
    const proxy = await useProxy(['a.test'], { resolve: () => promise, limits: { connectMs: 20 } });
    expect(await exchange(proxy.socketPath, connectLine('a.test:443'))).toMatch(/^HTTP\/1\.1 502 /);
    expect(proxy.records).toMatchObject([{ allowed: true, why: 'unresolved' }]);
  });

  it('end a tunnel in which nothing is said', async () => {
    const port = await useServer(() => undefined);
    const options = { addresses: { 'a.test': ['127.0.0.1'] }, limits: { idleMs: 50 } };
    const proxy = await useProxy([`a.test:${port}=private`], options);
    await exchange(proxy.socketPath, connectLine(`a.test:${port}`));
    await proxy.close();
    expect(proxy.records).toMatchObject([{ why: 'idle' }]);
  });

  it('hold for the number of connections', async () => {
    const proxy = await useProxy(['a.test'], { limits: { connections: 2 } });
    const held = [useClient(proxy.socketPath), useClient(proxy.socketPath)];
    await Promise.all(held.map((client) => once(client, 'connect')));
    expect(await exchange(proxy.socketPath, connectLine('a.test:443'))).toBe('');
    expect(proxy.records).toMatchObject([{ why: 'too-many', allowed: false }]);
  });

  it('let 200 talk at a time', async () => {
    const port = await echo();
    const proxy = await useProxy([`echo.test:${port}=private`], { addresses: { 'echo.test': ['127.0.0.1'] } });
    const clients = Array.from({ length: 200 }, () => useClient(proxy.socketPath));
    const answers = clients.map(async (client, index) => {
      client.write(connectLine(`echo.test:${port}`));
      await once(client, 'data');
      return { client, index };
    });
    // All are open before the first one says a word.
    const open = await Promise.all(answers);
    const said = open.map(async ({ client, index }) => {
      client.end(`${index} `.repeat(1000));
      return readAll(client);
    });
    const expected = open.map(({ index }) => `${index} `.repeat(1000));
    expect(await Promise.all(said)).toEqual(expected);
    await proxy.close();
    expect(proxy.records.filter(({ why }) => why === 'ended')).toHaveLength(200);
  });

  it('hold back who is faster than the other side, in both directions', async () => {
    // Neither reads: what is under way must stop at what sockets and streams hold.
    const port = await useServer((socket) => {
      socket.pause();
      const fill = (): void => {
        while (socket.write(Buffer.alloc(MIB)));
      };
      socket.on('drain', fill);
      fill();
    });
    const proxy = await useProxy([`a.test:${port}=private`], {
      addresses: { 'a.test': ['127.0.0.1'] },
      limits: { idleMs: 300 },
    });
    const client = useClient(proxy.socketPath);
    client.write(connectLine(`a.test:${port}`));
    await once(client, 'data');
    client.pause();
    const fill = (): void => {
      while (client.write(Buffer.alloc(MIB)));
    };
    client.on('drain', fill);
    fill();
    // The tunnel ends as idle although both sides have more to send.
    await whenClosed(client);
    await proxy.close();
    const [record] = proxy.records;
    expect(record?.why).toBe('idle');
    expect(record?.bytesIn).toBeLessThan(16 * MIB);
    expect(record?.bytesOut).toBeLessThan(16 * MIB);
  });
});

describe('its life', () => {
  it('survives whoever goes away at any moment', async () => {
    const port = await echo();
    const proxy = await useProxy([`echo.test:${port}=private`], { addresses: { 'echo.test': ['127.0.0.1'] } });
    const request = connectLine(`echo.test:${port}`);
    for (let length = 0; length <= request.length; length += 7) {
      const client = useClient(proxy.socketPath);
      await once(client, 'connect');
      client.write(request.slice(0, length), () => client.destroy());
      await once(client, 'close');
    }
    const talking = useClient(proxy.socketPath);
    talking.write(`${request}x`);
    await once(talking, 'data');
    talking.destroy();
    const client = useClient(proxy.socketPath);
    client.end(`${request}still there`);
    expect(await readAll(client)).toMatch(/still there$/);
  });

  it('passes on that a server broke off', async () => {
    const port = await useServer((socket) => socket.once('data', () => socket.resetAndDestroy()));
    const proxy = await useProxy([`a.test:${port}=private`], { addresses: { 'a.test': ['127.0.0.1'] } });
    await exchange(proxy.socketPath, `${connectLine(`a.test:${port}`)}x`);
    await proxy.close();
    expect(proxy.records).toMatchObject([{ why: 'broken' }]);
  });

  it('ends with all that is open, under way or being resolved, and leaves nothing', async () => {
    const port = await useServer(() => undefined);
    const never = Promise.withResolvers<string[]>();
    const proxy = await useProxy([`a.test:${port}=private`, 'b.test'], {
      resolve: (host) => (host === 'a.test' ? Promise.resolve(['127.0.0.1']) : never.promise),
    });
    const talking = useClient(proxy.socketPath);
    talking.write(connectLine(`a.test:${port}`));
    await once(talking, 'data');
    const resolving = useClient(proxy.socketPath);
    const silent = useClient(proxy.socketPath);
    resolving.write(connectLine('b.test:443'));
    await once(silent, 'connect');
    const closed = [talking, resolving, silent].map((client) => readAll(client));
    await proxy.close();
    await Promise.all(closed);
    expect(existsSync(proxy.socketPath)).toBe(false);
    expect(proxy.records.map(({ why }) => why)).toContain('closed');
  });

  it('has a socket for its owner alone', async () => {
    const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);
    expect(modeOf((await useProxy([])).socketPath)).toBe('600');
  });

  it.skipIf(process.getuid?.() !== 0)('gives its socket to another user (only root may)', async () => {
    const { socketPath } = await useProxy([], { owner: { uid: 65534, gid: 65534 } });
    expect(statSync(socketPath)).toMatchObject({ uid: 65534, gid: 65534 });
  });

  it('replaces a socket that an earlier one has left', async () => {
    const socketPath = join(await useTemporaryDirectory('e'), 's');
    writeFileSync(socketPath, 'left');
    await useProxy([], { socketPath });
    expect(await exchange(socketPath, connectLine('a.test:443'))).toMatch(/^HTTP\/1\.1 403 /);
  });

  it('says when its socket cannot be', async () => {
    const socketPath = join(await useTemporaryDirectory('e'), 'missing/s');
    await expect(useProxy([], { socketPath })).rejects.toMatchObject({ syscall: 'listen' });
  });
});

describe('the log', () => {
  it('has a line for each request, up to a size, and says how many it left out', async () => {
    const path = join(await useTemporaryDirectory('egress'), 'egress.ndjson');
    const log = new NdjsonLog(path, (text) => text.replace('canary', '[redacted]'), 1000);
    const proxy = await useProxy([], { record: log.record });
    for (let index = 0; index < 20; index += 1)
      await exchange(proxy.socketPath, connectLine(`h${index}.canary.test:443`));
    await proxy.close();
    await log.close();
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    const records = lines.map((line) => JSON.parse(line) as { host?: string; leftOut?: number });
    expect(records[0]).toMatchObject({ host: 'h0.[redacted].test', port: 443, allowed: false, why: 'not-listed' });
    expect(records.at(-1)).toEqual({ cut: true, leftOut: 20 - (records.length - 1) });
    expect(statSync(path).size).toBeLessThan(1100);
  });

  it('cuts a name that is too long to be one', async () => {
    const proxy = await useProxy([]);
    await exchange(proxy.socketPath, connectLine(`${'a'.repeat(4000)}:443`));
    expect(proxy.records[0]?.host).toHaveLength(255);
  });
});
