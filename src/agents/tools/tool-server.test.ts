import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import { RawClient, useTools } from '../../../test/fixtures/tools/open-tools.ts';
import type { TestTools } from '../../../test/fixtures/tools/open-tools.ts';
import { until } from '../../../test/fixtures/yard/until.ts';

const stranger = ({ socketPath }: TestTools): RawClient => new RawClient(socketPath);
const client = (one: TestTools): RawClient => stranger(one).write(`${one.key}\n`);
const refused = ({ log }: TestTools) => log.map((entry) => entry['refused'] ?? entry['because'] ?? null);
const textOf = (reply: unknown): unknown =>
  (reply as { result?: { content?: { text: string }[] } }).result?.content?.[0]?.text;

describe('the protocol', () => {
  test('agrees on a revision, and lists and calls tools', async () => {
    const one = await useTools();
    const two = client(one)
      .request(1, 'initialize', { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'x' } })
      .write('{"jsonrpc":"2.0","method":"notifications/initialized"}\n')
      .request(2, 'initialize', { protocolVersion: '1999-01-01' })
      .request(3, 'tools/list')
      .request(4, 'ping')
      .call(5, 'report_progress', { phase: 'editing', focus: 'the greeting' })
      .request(6, 'server/discover')
      .request(7, 'tools/call', { name: 7 });
    const replies = await two.replies(7);
    expect(replies.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(replies).toMatchObject([
      { result: { protocolVersion: '2025-06-18', capabilities: { tools: {} } } },
      { result: { protocolVersion: '2025-11-25' } },
      { result: { tools: [{ name: 'get_task', annotations: { readOnlyHint: true } }, {}, {}, {}, {}, {}] } },
      { result: {} },
      { result: { isError: false } },
      { error: { code: -32601 } },
      { error: { code: -32602 } },
    ]);
    expect(one.progress).toMatchObject([{ phase: 'editing', focus: 'the greeting' }]);
    expect(one.log).toMatchObject([{ tool: 'report_progress', arguments: { phase: 'editing' }, ok: true }]);
  });

  test('answers what came before the end of the connection', async () => {
    const one = await useTools();
    const two = client(one).request(1, 'ping');
    two.socket.end();
    expect(await two.closed()).toBe('{"jsonrpc":"2.0","id":1,"result":{}}\n');
  });
});

describe('what an agent may try', () => {
  test('another task, a stale token: refused, logged, and told what to do', async () => {
    const one = await useTools();
    const replies = await client(one)
      .call(1, 'finish', { status: 'cannot', reason: 'x', task: 'TASK-8' })
      .call(2, 'ask_question', { question: 'x', token: 8 })
      .replies(2);
    expect(replies).toMatchObject([{ result: { isError: true } }, { result: { isError: true } }]);
    expect(textOf(replies[0])).toMatch(/leave task out/);
    expect(refused(one)).toEqual(['foreign', 'foreign']);
    expect(one.tools.terminal).toBeNull();
  });

  test('two terminal signals over two connections: the first counts', async () => {
    const one = await useTools();
    const [a, b] = [client(one), client(one)];
    await Promise.all([a.request(0, 'ping').replies(1), b.request(0, 'ping').replies(1)]);
    await a.call(1, 'report_packet', { summary: 'Did it.' }).call(2, 'finish', { status: 'done' }).replies(3);
    expect(await b.call(1, 'ask_question', { question: 'Or not?' }).replies(2)).toMatchObject([
      {},
      { result: { isError: true } },
    ]);
    expect(one.tools.terminal).toMatchObject({ kind: 'done', packet: { summary: 'Did it.' } });
    await until('the signal', () => one.tools.ended.aborted);
    expect(refused(one)).toEqual([null, null, 'ended']);
  });

  test('a lease that is lost: progress is refused, and everything after it', async () => {
    const lost = Object.assign(new Error('the lease is lost'), { code: 'stale-token' });
    const one = await useTools({ onProgress: () => Promise.reject(lost) });
    const replies = await client(one)
      .call(1, 'report_progress', { phase: 'a', focus: 'b' })
      .call(2, 'finish', { status: 'cannot', reason: 'x' })
      .replies(2);
    expect(replies).toMatchObject([{ result: { isError: true } }, { result: { isError: true } }]);
    expect(one.tools.refusal).toEqual({ error: lost });
    expect(one.tools.terminal).toBeNull();
    await until('the signal', () => one.tools.ended.aborted);
    expect(refused(one)).toEqual([null, 'not-written', 'over']);
  });

  test('a flood: refused, while another connection goes on', async () => {
    const one = await useTools({ clock: { nowMs: () => 0, monotonicMs: () => 0 } });
    const calm = client(one).request(1, 'ping');
    const loud = client(one);
    for (let id = 0; id < 3_000; id += 1) loud.call(id, 'get_task');
    const replies = await loud.replies(3_000);
    expect(replies.filter((reply) => textOf(reply)?.toString().startsWith('{'))).toHaveLength(30);
    expect(refused(one).filter((because) => because === 'flood')).toHaveLength(1_970);
    expect(await calm.request(2, 'ping').replies(2)).toMatchObject([{ result: {} }, { result: {} }]);
    await one.tools.close();
    // The evidence is bounded, and says so.
    expect(one.log).toHaveLength(2_501);
    expect(one.log.at(-1)).toMatchObject({ cut: true, leftOut: 500 });
  });

  test('arguments of more than 64 KiB are refused, a message of more than 1 MiB ends the connection', async () => {
    const one = await useTools();
    const big = client(one).call(1, 'report_packet', { summary: 'x', tests: ['y'.repeat(70_000)] });
    expect(textOf((await big.replies(1))[0])).toMatch(/more than 64 KiB/);
    big.write(Buffer.alloc(1_100_000, 'x')).write('\n').request(2, 'ping');
    expect(await big.closed()).not.toContain('"id":2');
    expect(await client(one).request(3, 'ping').replies(1)).toMatchObject([{ id: 3 }]);
    expect(refused(one)).toEqual(['oversize', 'oversize']);
    expect(JSON.stringify(one.log).length).toBeLessThan(10_000);
  });

  test('garbage is told apart, and too much of it ends the connection', async () => {
    const one = await useTools();
    const deep = `{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"get_task","arguments":{"a":${'['.repeat(
      300_000,
    )}${']'.repeat(300_000)}}}}`;
    const odd = client(one)
      .write('APPROVED\n[]\nnull\n{"id":1}\n\n{"jsonrpc":"2.0","id":{},"method":"ping"}\n{"id":1,"result":{}}\n')
      .write(Buffer.from([0xff, 0x00, 0x0a]))
      .write(`${deep}\n`)
      .request(10, 'ping');
    const replies = await odd.replies(8);
    expect(replies.map((reply) => (reply['error'] as { code?: number } | undefined)?.code ?? 'ok')).toEqual([
      -32700,
      -32600,
      -32600,
      -32600,
      -32600,
      -32700,
      'ok',
      'ok',
    ]);
    expect(textOf(replies[6])).toMatch(/nested/);
    odd.write('x\n'.repeat(1_000)).request(11, 'ping');
    expect(await odd.closed()).not.toContain('"id":11');
    expect(await client(one).request(3, 'ping').replies(1)).toMatchObject([{ id: 3 }]);
  });

  test('half a message, a client that breaks off, and one that never reads hold up nobody', async () => {
    const one = await useTools();
    const half = client(one).write('{"jsonrpc":"2.0","id":1,"method":"to');
    client(one).call(1, 'get_task').socket.destroy();
    const deaf = client(one);
    deaf.socket.pause();
    for (let id = 0; id < 20_000; id += 1) deaf.call(id, 'no_such_tool');
    const calm = client(one);
    for (let id = 1; id <= 40; id += 1) await calm.request(id, 'ping').replies(id);
    // What it does not read of the answers keeps the rest of its calls from being read.
    expect(one.log.length).toBeLessThan(2_000);
    expect(half.isClosed).toBe(false);
    await one.tools.close();
    deaf.socket.resume();
    await Promise.all([half.closed(), deaf.closed()]);
  });
});

describe('who is let in', () => {
  test.each([
    ['no key', () => '\n'],
    ['a wrong key', () => `${'0'.repeat(64)}\n`],
    ['the key with more behind it', (key: string) => `${key}0\n`],
    ['a request instead of a key', () => '{"jsonrpc":"2.0","id":1,"method":"ping"}\n'],
    ['a line without an end', () => 'x'.repeat(10_000)],
  ])('not one with %s', async (_, line) => {
    const one = await useTools();
    expect(await stranger(one).write(line(one.key)).request(1, 'ping').closed()).toBe('');
    expect(refused(one)).toEqual(['wrong-key']);
  });

  test('not one with the key of another attempt', async () => {
    const [one, other] = [await useTools(), await useTools()];
    expect(other.key).not.toBe(one.key);
    expect(
      await stranger(one).write(`${other.key}\n`).call(1, 'finish', { status: 'cannot', reason: 'x' }).closed(),
    ).toBe('');
    expect([one.tools.terminal, other.tools.terminal]).toEqual([null, null]);
  });

  test('one with the key, among a hundred that say nothing', async () => {
    const one = await useTools();
    const silent = Array.from({ length: 100 }, () => stranger(one));
    await until('those that make way', () => silent.filter(({ isClosed }) => isClosed).length >= 84);
    expect(await client(one).request(1, 'ping').replies(1)).toMatchObject([{ id: 1 }]);
  });

  test('no more than sixteen with the key', async () => {
    const one = await useTools();
    const known: RawClient[] = [];
    for (let id = 0; id < 16; id += 1) {
      const next = client(one).request(id, 'ping');
      await next.replies(1);
      known.push(next);
    }
    expect(await client(one).request(1, 'ping').closed()).toBe('');
    expect(refused(one)).toEqual(['too-many-connections']);
    known[3]?.socket.destroy();
    await until('room', async () => {
      const next = client(one).request(1, 'ping');
      return next.replies(1).catch(() => null);
    });
  });

  test('nobody once it is closed, and nothing is left of it', async () => {
    const one = await useTools();
    expect(statSync(one.socketPath).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(one.socketPath)).mode & 0o777).toBe(0o700);
    const open = client(one).request(1, 'ping');
    await open.replies(1);
    await one.tools.close();
    await open.closed();
    expect(existsSync(dirname(one.socketPath))).toBe(false);
    expect(await client(one).closed()).toBe('');
  });
});
