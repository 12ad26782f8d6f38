import { expect, test } from 'vitest';

import { exitWith, hear } from '../../../test/fixtures/agents/hear.ts';
import type { Heard } from '../../../test/fixtures/agents/hear.ts';
import { OpencodeProtocol } from './opencode-protocol.ts';

// The lines are those of 1.18.33, in short.

const sessionID = 'ses_1';
const of = (type: string, part: object): object => ({ type, timestamp: 1, sessionID, part });
const step = (reason: string, tokens: object, cost: number): object => of('step_finish', { reason, tokens, cost });
const TOKENS = { total: 150, input: 100, output: 20, reasoning: 0, cache: { write: 0, read: 30 } };

function play(
  lines: readonly (string | object)[],
  session: { id: string; totals: null } | null = null,
): Heard & { protocol: OpencodeProtocol } {
  const protocol = new OpencodeProtocol(session);
  return { protocol, ...hear(protocol, lines) };
}

test('what it does becomes events; the end of its last step is that of the turn', () => {
  const done = { status: 'completed', input: { command: 'ls' }, output: 'a.txt\n', metadata: { exit: 3 } };
  const { protocol, events } = play([
    of('step_start', {}),
    of('tool_use', { tool: 'bash', callID: 'c1', state: done }),
    of('tool_use', { tool: 'write', callID: 'c2', state: { status: 'error', input: { filePath: 'a' }, error: 'no' } }),
    step('tool-calls', { ...TOKENS, total: 157, reasoning: 7 }, 0.25),
    'no JSON at all',
    of('reasoning', { text: 'hm' }),
    of('text', { text: 'bye' }),
    step('stop', TOKENS, 0),
  ]);
  const usage = { inputTokens: 100, cachedTokens: 30, cacheWriteTokens: 0, outputTokens: 20, costUsd: null };
  expect(events).toEqual([
    { kind: 'session', id: sessionID },
    { kind: 'tool', id: 'c1', name: 'bash', summary: 'ls' },
    { kind: 'tool-result', id: 'c1', ok: false, summary: 'a.txt\n' },
    { kind: 'tool', id: 'c2', name: 'write', summary: 'a' },
    { kind: 'tool-result', id: 'c2', ok: false, summary: 'no' },
    { kind: 'usage', usage: { ...usage, outputTokens: 27, costUsd: 0.25 }, totals: null },
    { kind: 'thinking', text: 'hm' },
    { kind: 'text', text: 'bye' },
    { kind: 'usage', usage, totals: null },
  ]);
  expect(protocol.judge(exitWith(0))).toEqual({ kind: 'ended', message: 'bye' });
  expect(protocol.judge(exitWith(1)).kind).toBe('failed');
});

test('exit code 0 without a step is no end', () => {
  expect(play([]).protocol.judge(exitWith(0)).kind).toBe('failed');
});

const refusal = (name: string, data: object): object => ({
  type: 'error',
  sessionID,
  error: { name, data: { message: 'No.', ...data } },
});

test.for<[object, object]>([
  [refusal('APIError', { statusCode: 401, isRetryable: false }), { type: 'authentication', status: 401 }],
  [refusal('APIError', { statusCode: 500, isRetryable: true }), { type: 'overload', status: 500 }],
  [refusal('APIError', { statusCode: 429, isRetryable: true }), { type: 'overload', resetMs: null }],
  [
    refusal('APIError', {
      statusCode: 429,
      responseHeaders: { 'retry-after': '7', date: 'Sat, 21 Nov 2026 15:09:02 GMT' },
    }),
    { type: 'quota', resetMs: Date.UTC(2026, 10, 21, 15, 9, 9) },
  ],
  [refusal('APIError', { isRetryable: true }), { type: 'overload', status: null, isUnanswered: true }],
  [refusal('ProviderAuthError', {}), { type: 'authentication' }],
])('a refusal of the provider: %j', ([line, failure]) => {
  expect(play([line]).protocol.judge(exitWith(1))).toMatchObject({
    kind: 'provider',
    why: 'opencode failed: No.',
    failure,
  });
});

test.for([refusal('APIError', { statusCode: 400 }), refusal('UnknownError', {}), refusal('ContextOverflowError', {})])(
  'a failure of the request: %j',
  (line) => {
    expect(play([line]).protocol.judge(exitWith(1))).toEqual({ kind: 'failed', why: 'opencode failed: No.' });
  },
);

test('a session that is not there is refused', () => {
  const session = { id: sessionID, totals: null };
  expect(play([], session).protocol.judge(exitWith(1)).kind).toBe('session-refused');
  expect(play([of('step_start', {})], session).protocol.judge(exitWith(1)).kind).toBe('failed');
});
