import { describe, expect, test } from 'vitest';

import { exitWith, hear } from '../../../test/fixtures/agents/hear.ts';
import type { Heard } from '../../../test/fixtures/agents/hear.ts';
import type { Usage } from '../../core/usage.ts';
import { StreamJsonProtocol } from '../stream-json/stream-json-protocol.ts';
import { ClaudeDialect } from './claude-dialect.ts';

/** What 2.1.329 prints, in short. */
const INIT = '{"type":"system","subtype":"init","session_id":"s-1","claude_code_version":"2.1.329"}';
const RETRY =
  '{"type":"system","subtype":"api_retry","attempt":1,"max_retries":1,"retry_delay_ms":541,"error_status":429,"error":"rate_limit"}';
const LIMITED =
  '{"type":"rate_limit_event","rate_limit_info":{"status":"rejected","resetsAt":1795275851,"rateLimitType":"five_hour"}}';

const talk = (
  lines: readonly string[],
  session: { id: string; totals: Usage | null } | null = null,
): Heard & { protocol: StreamJsonProtocol } => {
  const protocol = new StreamJsonProtocol(new ClaudeDialect(), { session, tools: null });
  return { protocol, ...hear(protocol, lines) };
};

const result = (more: object): string =>
  JSON.stringify({ type: 'result', subtype: 'success', is_error: false, result: 'Done.', ...more });
const refused = (word: string, status: number | null): readonly string[] => [
  JSON.stringify({
    type: 'assistant',
    message: { content: [{ type: 'text', text: 'API Error' }] },
    error: word,
    is_api_error_message: true,
    api_error_status: status,
  }),
  result({ is_error: true, terminal_reason: 'api_error', api_error_status: status }),
];

test('what it does becomes events, and its result ends it', () => {
  const { events, protocol, isFinished } = talk([
    INIT,
    '{"type":"assistant","message":{"content":[{"type":"thinking","thinking":"hm"},{"type":"text","text":"I write."}]},"parent_tool_use_id":null}',
    '{"type":"assistant","message":{"content":[{"type":"text","text":"of a helper"}]},"parent_tool_use_id":"c0"}',
    '{"type":"assistant","message":{"content":[{"type":"tool_use","id":"c1","name":"Write","input":{"file_path":"a.txt","content":"x"}}]}}',
    '{"type":"user","message":{"content":[{"tool_use_id":"c1","type":"tool_result","content":"created"}]}}',
    '{"type":"user","message":{"content":[{"tool_use_id":"c2","type":"tool_result","is_error":true,"content":[{"type":"text","text":"no"}]}]}}',
    result({ usage: {}, modelUsage: {} }),
  ]);
  expect(events.slice(0, -1)).toEqual([
    { kind: 'session', id: 's-1' },
    { kind: 'thinking', text: 'hm' },
    { kind: 'text', text: 'I write.' },
    { kind: 'tool', id: 'c1', name: 'Write', summary: 'a.txt' },
    { kind: 'tool-result', id: 'c1', ok: true, summary: 'created' },
    { kind: 'tool-result', id: 'c2', ok: false, summary: 'no' },
  ]);
  expect(isFinished).toBe(true);
  expect(protocol.judge(exitWith(0))).toEqual({ kind: 'ended', message: 'Done.' });
});

test('a message that was held to a schema comes as JSON', () => {
  const { protocol } = talk([INIT, result({ structured_output: { a: 'x' } })]);
  expect(protocol.judge(exitWith(0))).toEqual({ kind: 'ended', message: '{"a":"x"}' });
});

describe('a refused request, whatever its subtype says', () => {
  test.each([
    ['authentication_failed', null, 'authentication'],
    ['authentication_failed', 401, 'authentication'],
    ['billing_error', 400, 'entitlement'],
    ['rate_limit', 429, 'overload'],
    ['server_error', null, 'overload'],
    ['unknown', 529, 'overload'],
  ])('%s %s: %s', (word, status, type) => {
    const { protocol } = talk([INIT, ...refused(word, status)]);
    expect(protocol.judge(exitWith(1))).toMatchObject({ kind: 'provider', failure: { type, status, code: word } });
  });

  test('a provider that cannot be reached is no fault of the turn', () => {
    const retry = RETRY.replace('429', 'null').replace('rate_limit', 'unknown');
    const { events, protocol } = talk([INIT, retry, ...refused('unknown', null)]);
    const failure = { type: 'overload', status: null, code: 'unknown', isUnanswered: true };
    expect(events[1]).toMatchObject({ kind: 'rate-limit', failure });
    expect(protocol.judge(exitWith(1))).toMatchObject({ kind: 'provider', failure });
    const answered = '{"type":"assistant","message":{"content":[{"type":"text","text":"Hello."}]}}';
    const later = talk([INIT, retry, answered, ...refused('unknown', null)]);
    expect(later.protocol.judge(exitWith(1)).kind).toBe('failed');
  });

  test('one that is wrong in itself is the fault of the turn', () => {
    expect(talk([INIT, ...refused('unknown', 400)]).protocol.judge(exitWith(1)).kind).toBe('failed');
  });

  test('a limit that was told of has its reset', () => {
    const { protocol, events } = talk([INIT, LIMITED, ...refused('rate_limit', 429)]);
    const failure = { type: 'quota', status: 429, resetMs: 1_795_275_851_000 };
    expect(events[1]).toMatchObject({ kind: 'rate-limit', failure });
    expect(protocol.judge(exitWith(1))).toMatchObject({ kind: 'provider', failure });
  });

  test('it says so while it tries again', () => {
    const { events } = talk([INIT, RETRY]);
    expect(events[1]).toEqual({
      kind: 'rate-limit',
      failure: { type: 'overload', status: 429, resetMs: null, code: 'rate_limit' },
      delayMs: 541,
    });
  });
});

test('a spent budget is no failure of the agent: its turn has ended', () => {
  const lines = [INIT, result({ is_error: true, terminal_reason: 'budget_exhausted', errors: ['Reached maximum'] })];
  expect(talk(lines).protocol.judge(exitWith(1))).toEqual({ kind: 'ended', message: null });
});

test.each([
  ['no result', [INIT], 'claude ended without a result'],
  [
    'an interruption, after which it exits 0',
    [INIT, result({ is_error: true, terminal_reason: 'aborted_tools', result: undefined })],
    'claude failed: aborted_tools',
  ],
])('failed: %s', (_, lines, why) => {
  expect(talk(lines).protocol.judge(exitWith(0))).toEqual({ kind: 'failed', why });
});

test('a session that it did not take up', () => {
  const none = result({ subtype: 'error_during_execution', is_error: true, errors: ['No conversation found'] });
  const { protocol } = talk([none], { id: 's-9', totals: null });
  expect(protocol.judge(exitWith(1))).toEqual({
    kind: 'session-refused',
    why: 'claude did not take up the session: No conversation found',
  });
});

test('hostile lines change nothing', () => {
  const lines = ['', 'null', '[]', '{"type":"assistant"}', '{"type":"assistant","message":{"content":[1,null,"x"]}}'];
  expect(talk([...lines, '{"type":"system","subtype":7}', '{', '{"type":{}}', '{"type":"user"}']).events).toEqual([]);
});
