import { join } from 'node:path';
import { expect, test } from 'vitest';

import { resolveSandbox } from '../config/sandbox-schema.ts';
import { breakOut } from './breakout.ts';
import { probeBubblewrap } from './probe.ts';

const self = [process.execPath, join(import.meta.dirname, '../../test/fixtures/yard/from-source.js')];
const bubblewrap = await probeBubblewrap(process.env['PATH'] ?? '');
const missing = { kind: 'missing', why: 'the test wants none' } as const;
const support = { bubblewrap, container: missing, overlay: missing };

const { agents, gates } = resolveSandbox('bubblewrap');

test.skipIf(bubblewrap.kind === 'missing').each([
  ['closed', gates],
  ['with hosts by name', { ...agents, network: ['example.invalid'] }],
  ['with a place of its own to write', { ...gates, write: [import.meta.dirname] }],
])('nothing gets out of a cell of bubblewrap: %s', async (_, policy) => {
  expect(await breakOut(policy, { support, self })).toMatchObject({ kind: 'tried', escapes: [] });
});

test('what the policy opens by itself is no way out, and is not tried', async (context) => {
  if (bubblewrap.kind === 'missing') context.skip(bubblewrap.why);
  const closed = await breakOut(gates, { support, self });
  const open = await breakOut({ ...agents, write: ['/run', '/etc'] }, { support, self });
  if (closed.kind !== 'tried' || open.kind !== 'tried') throw new Error('no cell could be made');
  expect(open.escapes).toEqual([]);
  // The network, the sockets of /run, a file in /etc.
  expect(closed.tried - open.tried).toBe(3);
});

test('a place of the policy that lets it out is a way out', async (context) => {
  if (bubblewrap.kind === 'missing') context.skip(bubblewrap.why);
  expect(await breakOut({ ...gates, write: ['/proc'] }, { support, self })).toMatchObject({
    kind: 'tried',
    escapes: ['saw a process outside'],
  });
});

test('where nothing holds, the attempts succeed: the proof can fail', async () => {
  const result = await breakOut(resolveSandbox('none').gates, { support, self });
  if (result.kind !== 'tried') throw new Error(result.why);
  expect(result.escapes.length).toBeGreaterThan(10);
  expect(result.escapes).toEqual(
    expect.arrayContaining(['saw a process outside', 'ended a process outside', 'reached the network']),
  );
});
