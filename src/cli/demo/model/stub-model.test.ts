import { connect } from 'node:net';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { writeScript } from './prompt-script.ts';
import type { StepInput } from './step.ts';
import { type StubModel, type StubModelOptions, startModel } from './stub-model.ts';

async function start(options?: StubModelOptions): Promise<StubModel> {
  const model = await startModel(options);
  onTestFinished(() => model.close());
  return model;
}

type Words = { readonly path: string; readonly body: Record<string, unknown> };

const SCHEMA = { type: 'object', properties: { command: { type: 'string' } }, required: ['command'] };

/** A request of each protocol with one message and one tool, a shell. */
const ASK: Record<string, (prompt: string, stream: boolean) => Words> = {
  messages: (prompt, stream) => ({
    path: '/v1/messages?beta=true',
    body: {
      model: 'm',
      stream,
      messages: [{ role: 'user', content: prompt }],
      tools: [{ name: 'Bash', input_schema: SCHEMA }],
    },
  }),
  responses: (prompt, stream) => ({
    path: '/v1/responses',
    body: {
      model: 'm',
      stream,
      input: [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: prompt }] }],
      tools: [{ type: 'function', name: 'shell', parameters: SCHEMA }],
    },
  }),
  chat: (prompt, stream) => ({
    path: '/v1/chat/completions',
    body: {
      model: 'm',
      stream,
      messages: [{ role: 'user', content: prompt }],
      tools: [{ type: 'function', function: { name: 'bash', parameters: SCHEMA } }],
    },
  }),
  gemini: (prompt, stream) => ({
    path: stream ? '/v1beta/models/m:streamGenerateContent?alt=sse' : '/v1beta/models/m:generateContent',
    body: {
      contents: [{ role: 'user', parts: [{ text: prompt }] }],
      tools: [{ functionDeclarations: [{ name: 'run_shell_command', parametersJsonSchema: SCHEMA }] }],
    },
  }),
};

function ask(model: StubModel, protocol: string, steps: readonly StepInput[], stream = true): Promise<Response> {
  const { path, body } = ASK[protocol]?.(writeScript(steps), stream) ?? { path: '', body: {} };
  return fetch(`${model.url}${path}`, { method: 'POST', body: JSON.stringify(body) });
}

const protocols = Object.keys(ASK);

test.each(protocols)('%s: text and usage, streamed and in one', async (protocol) => {
  const model = await start();
  const steps = [
    { usage: { input: 101, cached: 202, cacheWrite: 303, output: 404 } },
    { say: { text: 'Héllo "you".' } },
  ];
  for (const stream of [true, false]) {
    const response = await ask(model, protocol, steps, stream);
    expect(response.headers.get('content-type')).toBe(stream ? 'text/event-stream' : 'application/json');
    const text = await response.text();
    expect(text).toContain('Héllo \\"you\\".');
    expect(text).toContain('404');
    expect(text).toContain('202');
    // Where cached tokens are a part of the input, the sum of all stands there.
    expect(text).toContain(protocol === 'messages' ? ':101,' : ':606,');
  }
  expect(model.requests).toHaveLength(2);
  expect(model.requests[0]?.conversation).toMatchObject({
    protocol,
    model: 'm',
    tools: [{ properties: SCHEMA.properties }],
  });
});

test.each(protocols)('%s: a call of the tool that was offered', async (protocol) => {
  const model = await start();
  for (const stream of [true, false]) {
    const text = await (await ask(model, protocol, [{ run: { command: 'ls -l' } }], stream)).text();
    expect(text).toMatch(/"name":"(Bash|bash|shell|run_shell_command)"/u);
    expect(text).toContain('ls -l');
  }
});

test.each(protocols)('%s: errors, as often as they are wanted', async (protocol) => {
  const model = await start();
  const steps = [{ error: { status: 429, retryAfterS: 7, times: 2 } }, { say: { text: 'after all' } }];
  for (const _ of [1, 2]) {
    const response = await ask(model, protocol, steps);
    expect(response.status).toBe(429);
    expect(response.headers.get('retry-after')).toBe('7');
    expect(await response.json()).toHaveProperty('error.message', 'stub 429');
  }
  expect(await (await ask(model, protocol, steps)).text()).toContain('after all');
});

test('an error with a body and headers of its own', async () => {
  const model = await start();
  const error = { status: 402, body: { error: { type: 'usage_limit_reached' } }, headers: { 'x-reset': '9' } };
  const response = await ask(model, 'responses', [{ error }]);
  expect([response.status, response.headers.get('x-reset'), await response.json()]).toEqual([402, '9', error.body]);
});

test.each(protocols)('%s: an answer that breaks off', async (protocol) => {
  const model = await start();
  const response = await ask(model, protocol, [{ drop: {} }]);
  expect(response.status).toBe(200);
  await expect(response.text()).rejects.toThrow();
});

test.each(protocols)('%s: bytes that are no text', async (protocol) => {
  const model = await start();
  const bytes = Buffer.from(await (await ask(model, protocol, [{ garbage: {} }])).arrayBuffer());
  expect(bytes.includes(Buffer.from([0xff, 0xfe]))).toBe(true);
});

test.each(protocols)('%s: a large answer comes whole', async (protocol) => {
  const model = await start();
  const text = await (await ask(model, protocol, [{ big: { bytes: 1_000_000 } }])).text();
  expect(text.length).toBeGreaterThan(1_000_000);
});

test('a stall is ended by the end of the service', async () => {
  const asked = Promise.withResolvers<void>();
  const model = await startModel({ onRequest: () => asked.resolve() });
  const response = ask(model, 'chat', [{ stall: {} }]);
  await asked.promise;
  const [ended] = await Promise.allSettled([response, model.close()]);
  expect(ended.status).toBe('rejected');
});

test('a script of the host, which reads the prompt', async () => {
  const script = (prompt: string) => (prompt.includes('steps') ? [{ say: { text: `read ${prompt.length}` } }] : null);
  const model = await start({ script });
  expect(await (await ask(model, 'gemini', [])).text()).toContain('read 18');
});

test('what programs ask for besides', async () => {
  const { url } = await start();
  const get = async (path: string, method = 'GET') => (await fetch(`${url}${path}`, { method })).status;
  expect(await get('/api/hello', 'HEAD')).toBe(200);
  expect(await get('/v1/models')).toBe(200);
  expect(await get('/v1/messages/count_tokens', 'POST')).toBe(200);
  expect(await get('/v1beta/models/m:countTokens', 'POST')).toBe(200);
  expect(await get('/elsewhere')).toBe(404);
  expect((await fetch(`${url}/v1/messages`, { method: 'POST', body: 'no JSON' })).status).toBe(400);
});

test('a WebSocket is refused', async () => {
  const { url } = await start();
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.write('GET /v1/responses HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n');
  const [data] = (await once(socket, 'data')) as [Buffer];
  expect(data.toString()).toMatch(/^HTTP\/1\.1 426 /u);
  socket.destroy();
});

test('a client that asks for a WebSocket and breaks off is no trouble', async () => {
  await using model = await startModel();
  const { port } = new URL(model.url);
  for (let count = 0; count < 20; count += 1) {
    const socket = connect(Number(port), '127.0.0.1');
    await once(socket, 'connect');
    socket.write('GET /v1/responses HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n');
    await once(socket, 'data');
    socket.resetAndDestroy();
  }
  // It still answers, and what went wrong would have ended the process by now.
  expect((await fetch(`${model.url}/v1/models`)).status).toBe(200);
});
