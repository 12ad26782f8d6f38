import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { testNotice } from '../core/notice.ts';
import { webhookChannel } from './notice-webhook.ts';

async function serve(listener: RequestListener): Promise<{ url: string; host: string }> {
  const server = createServer(listener);
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url: `http://${host}/hook/0123456789abcdef?key=topsecret`, host };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

const channelTo = (url: string) => webhookChannel({ url, variable: null, shape: 'json' }, {});

test('a message is posted, in the shape that is asked for', async () => {
  const seen = Promise.withResolvers<{ method: string; url: string; title: string | undefined; body: string }>();
  const { url, host } = await serve((request, response) => {
    const { method = '', headers } = request;
    void bodyOf(request).then((body) => {
      seen.resolve({ method, url: request.url ?? '', title: headers['title'] as string, body });
      response.writeHead(200).end('thanks');
    });
  });
  const channel = webhookChannel({ url: null, variable: 'HOOK', shape: 'ntfy' }, { HOOK: ` ${url}\n` });
  expect(channel.where).toBe(`${host} (ntfy)`);
  expect(await channel.send(testNotice('shop'))).toEqual({ kind: 'ok' });
  expect(await seen.promise).toEqual({
    method: 'POST',
    url: '/hook/0123456789abcdef?key=topsecret',
    title: 'shop: a test',
    body: 'This is a test: messages of this yard arrive here.\n    $ yard status',
  });
});

test('a refusal is told without the address; how long to wait is heard', async () => {
  const { url, host } = await serve((_, response) => void response.writeHead(429, { 'retry-after': '120' }).end(url));
  expect(await channelTo(url).send(testNotice('shop'))).toEqual({
    kind: 'failed',
    why: `${host} refused it: HTTP 429`,
    retryAfterMs: 120_000,
  });
});

test('a redirect is not followed', async () => {
  let elsewhere = 0;
  const other = await serve((_, response) => {
    elsewhere += 1;
    response.end();
  });
  const { url } = await serve((_, response) => void response.writeHead(307, { location: other.url }).end());
  const sent = await channelTo(url).send(testNotice('shop'));
  expect(sent).toMatchObject({ kind: 'failed', why: expect.stringContaining('not followed') });
  expect(JSON.stringify(sent)).not.toContain('topsecret');
  expect(elsewhere).toBe(0);
});

test('nobody there, or who hangs up: a value, by host and code', async () => {
  const { url, host } = await serve((request) => void request.socket.destroy());
  const sent = await channelTo(url).send(testNotice('shop'));
  expect(sent).toMatchObject({ kind: 'failed', why: expect.stringContaining(`${host} was not reached: `) });
  expect(await channelTo('http://127.0.0.1:1/topsecret').send(testNotice('shop'))).toMatchObject({
    kind: 'failed',
    why: expect.stringMatching(/^127\.0\.0\.1:1 was not reached: [A-Za-z_ ]+$/),
  });
});

test.each([
  [{}, 'HOOK is not set'],
  [{ HOOK: 'secret-but-no-address' }, 'HOOK is not an address that begins with http:// or https://'],
])('a variable without an address: %j', async (environment, why) => {
  const channel = webhookChannel({ url: null, variable: 'HOOK', shape: 'slack' }, environment);
  expect(await channel.send(testNotice('shop'))).toEqual({ kind: 'failed', why });
  expect(channel.where).toBe(why);
});
