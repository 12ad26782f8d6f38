import { expect, test } from 'vitest';

import { configSchema } from './schema.ts';

function parse(rest: Record<string, unknown>) {
  return configSchema.safeParse({
    version: 1,
    target: 'target',
    defaults: { agent: 'a', gate: 'g' },
    gates: { g: { run: 'true' } },
    agents: { a: { kind: 'command', run: 'true' } },
    ...rest,
  });
}

function cells(rest: Record<string, unknown>) {
  const { agents, gates, sandbox } = parse(rest).data!;
  return { agent: agents['a']!.cell, gate: gates['g']!.cell, prewarm: sandbox.prewarm };
}

test('nothing said: the best that works for all; gates have no network', () => {
  const { agent, gate, prewarm } = cells({});
  expect([agent, gate, prewarm].map(({ kind, network }) => [kind, network])).toEqual([
    ['auto', 'open'],
    ['auto', 'none'],
    ['auto', 'open'],
  ]);
});

test('a kind for all, or for each', () => {
  expect(Object.values(cells({ sandbox: 'none' })).map(({ kind }) => kind)).toEqual(['none', 'none', 'none']);
  const each = cells({ sandbox: { agents: 'bubblewrap', gates: { kind: 'container', image: 'node:24' } } });
  expect(Object.values(each).map(({ kind }) => kind)).toEqual(['bubblewrap', 'container', 'auto']);
  expect(each.gate.image).toBe('node:24');
  expect(each.gate.network).toBe('none');
});

test('what is said of one agent or gate wins, key by key', () => {
  const { agent, gate } = cells({
    sandbox: { agents: { network: ['example.org'], limits: { memory: '2GiB', nice: 1 }, read: ['~/.tools'] } },
    agents: { a: { kind: 'command', run: 'true', sandbox: { limits: { nice: 9, disk: '1GB' } } } },
    gates: { g: { run: 'true', sandbox: { network: 'open' } } },
  });
  expect(agent).toMatchObject({
    network: ['example.org'],
    read: ['~/.tools'],
    limits: { memoryBytes: 2 * 1024 ** 3, nice: 9, diskBytes: 1e9, processes: 4096 },
  });
  expect(gate.network).toBe('open');
});

test('each limit knows the key that says it', () => {
  const { agent, gate, prewarm } = cells({
    sandbox: { agents: { limits: { memory: '2GiB' } } },
    agents: { a: { kind: 'command', run: 'true', sandbox: { limits: { disk: '1GB' } } } },
  });
  expect(agent.limits.keys).toEqual({ memory: 'sandbox.agents.limits.memory', disk: 'agents.a.sandbox.limits.disk' });
  expect(gate.limits.keys?.memory).toBe('sandbox.gates.limits.memory');
  expect(prewarm.limits.keys?.disk).toBe('sandbox.prewarm.limits.disk');
});

test.each([
  [{ sandbox: 'chroot' }],
  [{ sandbox: { agents: { network: [] } } }],
  [{ sandbox: { agents: { network: ['10.0.0.1'] } } }],
  [{ sandbox: { agents: { network: ['localhost'] } } }],
  [{ sandbox: { agents: { read: ['relative/path'] } } }],
  [{ sandbox: { agents: { read: ['~other/x'] } } }],
  [{ sandbox: { agents: { limits: { memory: '0' } } } }],
  [{ sandbox: { agents: { limits: { processes: 1 } } } }],
  [{ sandbox: { agents: { kind: 'container', image: '--privileged' } } }],
  [{ sandbox: { agnets: 'none' } }],
])('%j is refused', (rest) => {
  expect(parse(rest).success).toBe(false);
});
