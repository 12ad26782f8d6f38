import { join } from 'node:path';
import { expect, test } from 'vitest';

import { resolveSandbox } from '../config/sandbox-schema.ts';
import { breakOut } from './breakout.ts';
import { probeBubblewrap } from './probe.ts';

const self = [process.execPath, join(import.meta.dirname, '../main.ts')];
const bubblewrap = await probeBubblewrap(process.env['PATH'] ?? '');
const missing = { kind: 'missing', why: 'the test wants none' } as const;
const support = { bubblewrap, container: missing, overlay: missing };

test('nothing gets out of a cell of bubblewrap', async (context) => {
  if (bubblewrap.kind === 'missing') context.skip(bubblewrap.why);
  const result = await breakOut(resolveSandbox('bubblewrap').agents, { support, self });
  expect(result).toMatchObject({ kind: 'tried', escapes: [] });
});

test('where nothing holds, the attempts succeed: the proof can fail', async () => {
  const result = await breakOut(resolveSandbox('none').agents, { support, self });
  if (result.kind !== 'tried') throw new Error(result.why);
  expect(result.escapes.length).toBeGreaterThan(10);
  expect(result.escapes).toEqual(
    expect.arrayContaining(['saw a process outside', 'ended a process outside', 'reached the network']),
  );
});
