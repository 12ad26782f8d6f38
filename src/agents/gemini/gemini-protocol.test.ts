import { describe, expect, test } from 'vitest';

import { exitWith, hear } from '../../../test/fixtures/agents/hear.ts';
import { GeminiProtocol } from './gemini-protocol.ts';

/** What 0.61.0 prints. */
const INIT = { type: 'init', session_id: 's-1', model: 'gemini-2.5-flash' };
const STATS = { total_tokens: 180, input_tokens: 130, output_tokens: 20, cached: 30, input: 100 };
const DONE = { type: 'result', status: 'success', stats: STATS };
const REFUSED = {
  type: 'result',
  status: 'error',
  error: { type: 'unknown', message: '[API Error: stub]' },
  stats: { total_tokens: 0, input_tokens: 0, output_tokens: 0, cached: 0, input: 0 },
};
const says = (content: string): object => ({ type: 'message', role: 'assistant', content, delta: true });

test('what it does becomes events: pieces of a message are one', () => {
  const protocol = new GeminiProtocol(false);
  const { events } = hear(protocol, [
    INIT,
    { type: 'message', role: 'user', content: 'of ours' },
    says('I '),
    says('write.'),
    { type: 'tool_use', tool_id: 'c1', tool_name: 'write_file', parameters: { file_path: 'a.txt', content: 'x' } },
    { type: 'tool_result', tool_id: 'c1', status: 'success' },
    { type: 'tool_use', tool_id: 'c2', tool_name: 'write_todos', parameters: { todos: [{ description: 'one' }] } },
    { type: 'tool_result', tool_id: 'c2', status: 'error', error: { type: 'x', message: 'no' } },
    says('All.'),
    DONE,
  ]);
  expect(events).toEqual([
    { kind: 'session', id: 's-1', model: 'gemini-2.5-flash' },
    { kind: 'text', text: 'I write.' },
    { kind: 'tool', id: 'c1', name: 'write_file', summary: 'a.txt' },
    { kind: 'tool-result', id: 'c1', ok: true, summary: '' },
    { kind: 'plan', entries: ['one'] },
    { kind: 'tool-result', id: 'c2', ok: false, summary: 'no' },
    { kind: 'text', text: 'All.' },
    {
      kind: 'usage',
      usage: { inputTokens: 100, cachedTokens: 30, cacheWriteTokens: 0, outputTokens: 50, costUsd: null },
      totals: null,
    },
  ]);
  expect(protocol.judge(exitWith(0))).toEqual({ kind: 'ended', message: 'All.' });
});

test('what was said before the last tool is not the last message', () => {
  const protocol = new GeminiProtocol(false);
  hear(protocol, [INIT, says('first'), { type: 'tool_use', tool_id: 'c', tool_name: 't', parameters: {} }, DONE]);
  expect(protocol.judge(exitWith(0))).toEqual({ kind: 'ended', message: null });
});

test('exit 0 without a result is no success', () => {
  const protocol = new GeminiProtocol(false);
  hear(protocol, [INIT, says('I am not')]);
  expect(protocol.judge(exitWith(0))).toEqual({ kind: 'failed', why: 'gemini ended without a result' });
});

describe('what the service answered is in eight bits of the exit code', () => {
  test.each([
    [145, 'authentication', 401],
    [147, 'entitlement', 403],
    [173, 'overload', 429],
    [244, 'overload', 500],
    [247, 'overload', 503],
  ])('%d: %s', (code, type, status) => {
    const protocol = new GeminiProtocol(false);
    const { events } = hear(protocol, [INIT, REFUSED]);
    expect(events).toEqual([{ kind: 'session', id: 's-1', model: 'gemini-2.5-flash' }]);
    expect(protocol.judge(exitWith(code))).toMatchObject({ kind: 'provider', failure: { type, status } });
  });

  test.each([1, 53, 144])('%d is the fault of the turn', (code) => {
    const protocol = new GeminiProtocol(false);
    hear(protocol, [INIT, REFUSED]);
    expect(protocol.judge(exitWith(code)).kind).toBe('failed');
  });
});

test('nobody is logged in', () => {
  expect(new GeminiProtocol(true).judge(exitWith(41))).toMatchObject({
    kind: 'provider',
    failure: { type: 'authentication' },
  });
});

test('a session that it did not take up', () => {
  expect(new GeminiProtocol(true).judge(exitWith(42)).kind).toBe('session-refused');
  expect(new GeminiProtocol(false).judge(exitWith(42)).kind).toBe('failed');
});

test('hostile lines change nothing', () => {
  const lines = ['', 'null', '[]', '{', '{"type":"message","role":"assistant"}', '{"type":7}', '{"type":"init"}'];
  expect(hear(new GeminiProtocol(false), lines).events).toEqual([]);
});
