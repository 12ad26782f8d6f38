import { expect, test } from 'vitest';

import { exitWith, hear } from '../../../test/fixtures/agents/hear.ts';
import type { Heard } from '../../../test/fixtures/agents/hear.ts';
import { PiProtocol } from './pi-protocol.ts';

// The lines are those of 0.73.1, in short.

const STATE = { id: 'begin', type: 'response', command: 'get_state', success: true, data: { sessionId: 'S1' } };
const OVER = { ...STATE, id: 'end' };
const END = { type: 'agent_end', messages: [] };
const said = (fields: object): object => ({
  type: 'message_end',
  message: { role: 'assistant', content: [], ...fields },
});
const refused = said({
  stopReason: 'error',
  errorMessage: '500 stub 500',
  usage: { input: 0, output: 0, cost: { total: 0 } },
});
const retry = { type: 'auto_retry_start', attempt: 1, maxAttempts: 3, delayMs: 2000, errorMessage: '500 stub 500' };

function play(
  lines: readonly object[],
  session: { id: string; totals: null } | null = null,
): Heard & { protocol: PiProtocol } {
  const protocol = new PiProtocol({ prompt: 'Do it.', session });
  return { protocol, ...hear(protocol, lines) };
}

test('what it does becomes events, and the turn is over when it says so', () => {
  const { protocol, events, written, isFinished } = play([
    STATE,
    { type: 'message_end', message: { role: 'user', content: [{ type: 'text', text: 'Do it.' }] } },
    said({
      content: [{ type: 'thinking', thinking: 'hm' }],
      stopReason: 'toolUse',
      usage: { input: 10, output: 5, cacheRead: 3, cacheWrite: 2, cost: { total: 0.5 } },
    }),
    { type: 'tool_execution_start', toolCallId: 'c1', toolName: 'bash', args: { command: 'ls' } },
    {
      type: 'tool_execution_end',
      toolCallId: 'c1',
      toolName: 'bash',
      result: { content: [{ type: 'text', text: 'a' }] },
      isError: true,
    },
    said({
      content: [{ type: 'text', text: 'bye' }],
      stopReason: 'stop',
      usage: { input: 1, output: 1, cost: { total: 0 } },
    }),
    END,
    OVER,
  ]);
  expect(events).toEqual([
    { kind: 'session', id: 'S1' },
    { kind: 'thinking', text: 'hm' },
    {
      kind: 'usage',
      usage: { inputTokens: 10, cachedTokens: 3, cacheWriteTokens: 2, outputTokens: 5, costUsd: 0.5 },
      totals: null,
    },
    { kind: 'tool', id: 'c1', name: 'bash', summary: 'ls' },
    { kind: 'tool-result', id: 'c1', ok: false, summary: 'a' },
    { kind: 'text', text: 'bye' },
    {
      kind: 'usage',
      usage: { inputTokens: 1, cachedTokens: 0, cacheWriteTokens: 0, outputTokens: 1, costUsd: null },
      totals: null,
    },
  ]);
  expect(written.map((line) => (JSON.parse(line) as { type: string }).type)).toEqual([
    'get_state',
    'prompt',
    'get_state',
  ]);
  expect(isFinished).toBe(true);
  expect(protocol.judge(exitWith(0))).toEqual({ kind: 'ended', message: 'bye' });
});

test('a refused request that is tried again is not the end', () => {
  const { protocol, events, isFinished } = play([STATE, refused, END, retry, OVER]);
  expect(isFinished).toBe(false);
  const failure = { type: 'overload', status: 500, resetMs: null, code: null };
  expect(events.at(-1)).toEqual({ kind: 'rate-limit', failure, delayMs: 2000 });
  expect(protocol.judge(exitWith(0)).kind).toBe('failed');
});

test.for([
  ['500 stub 500', 'overload'],
  ['401 no', 'authentication'],
  ['429 slow down', 'overload'],
])('exit code 0 after %s is a refusal of the provider', ([errorMessage, type]) => {
  const lines = [
    STATE,
    retry,
    { type: 'auto_retry_end', success: false },
    said({ stopReason: 'error', errorMessage }),
    END,
    OVER,
  ];
  expect(play(lines).protocol.judge(exitWith(0))).toMatchObject({ kind: 'provider', failure: { type } });
});

test.for(['no 401', '400 a bad request', ''])('%j is none', (errorMessage) => {
  const { protocol } = play([STATE, said({ stopReason: 'error', errorMessage }), END, OVER]);
  expect(protocol.judge(exitWith(0)).kind).toBe('failed');
});

test('a session that is not there is refused', () => {
  const session = { id: 'S1', totals: null };
  expect(play([], session).protocol.judge(exitWith(1, 'No session found')).kind).toBe('session-refused');
  expect(play([], null).protocol.judge(exitWith(1)).kind).toBe('failed');
});

test('a prompt that it does not take', () => {
  const { protocol, isFinished } = play([
    STATE,
    { id: 'prompt', type: 'response', success: false, error: 'No API key found' },
  ]);
  expect(isFinished).toBe(true);
  expect(protocol.judge(exitWith(0))).toEqual({ kind: 'failed', why: 'pi failed: No API key found' });
});
