import { expect, test } from 'vitest';

import { resolveSandbox } from '../config/sandbox-schema.ts';
import type { SandboxSupport } from './sandbox-choice.ts';
import { reportSandboxes } from './sandbox-report.ts';

const missing = { kind: 'missing', why: 'it is not installed' } as const;
const NOTHING: SandboxSupport = { bubblewrap: missing, container: missing, overlay: missing };

function problemsOf(sandbox: Parameters<typeof resolveSandbox>[0]): string[] {
  const { agents, gates, prewarm } = resolveSandbox(sandbox);
  const named = Object.entries({ agents, gates, prewarm }).map(([name, policy]) => ({ name, policy }));
  return reportSandboxes(named, NOTHING).problems.map(({ name, why }) => `${name}: ${why}`);
}

test('without a sandbox: that gates have no network is a wish, unless it was said', () => {
  expect(problemsOf('auto')).toEqual([]);
  expect(problemsOf('none')).toEqual([]);
  const unkept = 'without a sandbox nothing keeps it from the network, as its network: none asks';
  expect(problemsOf({ gates: { network: 'none' } })).toEqual([`gates: ${unkept} (it is not installed)`]);
  expect(problemsOf({ agents: { kind: 'none', network: 'none' } })).toEqual([`agents: ${unkept}`]);
  expect(problemsOf({ agents: { network: 'open' }, gates: { kind: 'none' } })).toEqual([]);
});

test('hosts by name need a sandbox as well', () => {
  expect(problemsOf({ prewarm: { network: ['example.org'] } })).toEqual([
    'prewarm: without a sandbox nothing keeps it to the hosts that its network names (it is not installed)',
  ]);
});
