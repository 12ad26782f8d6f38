import { expect, test } from 'vitest';
import type { AttemptOutcome } from './attempt.ts';
import { failureText } from './failure-text.ts';

const red = (logTail: string): AttemptOutcome => ({ kind: 'gate-red', head: 'h', summary: 'red', logTail });

test.each([
  ['times', 'at 2026-07-31T10:11:12.345Z', 'at 2026-08-01T23:59:59.001+02:00'],
  ['clock times', '[09:15:02] start', '[17:03:59.120] start'],
  ['numbers of attempts', 'try 1 of T-1, attempt: 1', 'try 2 of T-1, attempt: 2'],
  ['durations without a unit', 'duration_ms 12.345678', 'duration_ms 9.5'],
  ['durations', 'Duration 1.27s (tests 71 ms)', 'Duration 12.5s (tests 3 ms)'],
  ['temporary files', 'cannot read /tmp/vitest-1a2b/x.json: gone', 'cannot read /tmp/vitest-9z8y/x.json: gone'],
  ['slots', 'in /state/gates/0/tree/src/a.ts', 'in /state/gates/3/tree/src/a.ts'],
  ['their own temporary directory', '/state/tmp/gate-a8Xk2P/out', '/state/tmp/gate-Zz09qq/out'],
  ['evidence', '/state/attempts/T-1/2/outbox', '/state/attempts/T-1/3/outbox'],
  ['hex ids', 'commit 3f2a9c01d4e7 at 0x7ffe12', 'commit 9c01d4e73f2a at 0x55aa00'],
  ['uuids', 'run 6fa459ea-ee8a-3ca4-894e-db77e160355e', 'run 16fd2706-8baf-433b-82eb-8c7fada847da'],
  ['pids and ports', 'listening on 40123, pid 99871', 'listening on 51999, pid 12345'],
])('%s do not tell two failures apart', (_, a, b) => {
  expect(a).not.toBe(b);
  expect(failureText(red(a))).toBe(failureText(red(b)));
});

test.each([
  ['another message', red('expected 1 to be 2'), red('expected 1 to be 3')],
  ['another file', red('FAIL src/a.test.ts'), red('FAIL src/b.test.ts')],
  [
    'another summary',
    { kind: 'audit-needs-fix', head: 'h', summary: 'a' },
    { kind: 'audit-needs-fix', head: 'h', summary: 'b' },
  ],
  ['another kind', { kind: 'no-change' }, { kind: 'scope', violations: [] }],
  ['another path', scope('a'), scope('b')],
  ['another output', noPacket('a'), noPacket('b')],
  ['other conflicts', { kind: 'conflict', paths: ['a'], why: '' }, { kind: 'conflict', paths: ['b'], why: '' }],
] as const)('%s does', (_, a, b) => {
  expect(failureText(a)).not.toBe(failureText(b));
});

test.each<AttemptOutcome>([
  { kind: 'accepted', head: 'h' },
  { kind: 'question', text: '?' },
  { kind: 'needs-approval', head: 'h', hash: 'x', paths: [] },
  { kind: 'provider', why: 'quota', retryAtMs: null },
  { kind: 'infrastructure', why: 'disk' },
  { kind: 'integrity', why: 'x' },
  { kind: 'policy', why: 'x', paths: [] },
  { kind: 'cancelled' },
  { kind: 'lost', why: 'killed' },
])('$kind is no failure to repeat', (outcome) => {
  expect(failureText(outcome)).toBeNull();
});

function scope(path: string): AttemptOutcome {
  return { kind: 'scope', violations: [{ path, why: 'outside' }] };
}

function noPacket(outputTail: string): AttemptOutcome {
  return { kind: 'no-packet', why: 'it exited with 1', outputTail };
}
