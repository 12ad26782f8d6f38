import { expect, test } from 'vitest';

import { exitWith, hear } from '../../../test/fixtures/agents/hear.ts';
import type { Usage } from '../../core/usage.ts';
import { StreamJsonProtocol } from '../stream-json/stream-json-protocol.ts';
import { QwenDialect } from './qwen-dialect.ts';

/** What 0.24.4 prints, in short. */
const INIT = { type: 'system', subtype: 'init', session_id: 's-1', qwen_code_version: '0.24.4' };
const used = (times: number): Usage => ({
  inputTokens: 100 * times,
  cachedTokens: 30 * times,
  cacheWriteTokens: 0,
  outputTokens: 20 * times,
  costUsd: null,
});
const done = (times: number): object => ({
  type: 'result',
  subtype: 'success',
  is_error: false,
  result: 'All.',
  usage: { input_tokens: 130 * times, output_tokens: 20 * times, cache_read_input_tokens: 30 * times },
});
const failed = (message: string): object => ({
  type: 'result',
  subtype: 'error_during_execution',
  is_error: true,
  usage: { input_tokens: 0, output_tokens: 0 },
  error: { message },
});

test.each([
  ['the first turn', null, 1, used(1), used(1)],
  ['it counts on', used(2), 3, used(1), used(3)],
  ['one that does not count on', used(2), 1, used(1), used(1)],
])('what a turn used: %s', (_, before, times, usage, totals) => {
  const protocol = new StreamJsonProtocol(new QwenDialect(true), {
    session: { id: 's-1', totals: before },
    tools: null,
  });
  const { events, isFinished } = hear(protocol, [INIT, done(times)]);
  expect(events).toEqual([
    { kind: 'session', id: 's-1' },
    { kind: 'usage', usage, totals },
  ]);
  expect(isFinished).toBe(true);
  expect(protocol.judge(exitWith(0))).toEqual({ kind: 'ended', message: 'All.' });
});

test.each([
  ['[API Error: 401 stub 401]', 'authentication'],
  ['[API Error: 429 stub 429]', 'overload'],
  ['[API Error: 503 busy]', 'overload'],
])('a refused request, although it exits 0: %s', (message, type) => {
  const protocol = new StreamJsonProtocol(new QwenDialect(true), { session: null, tools: null });
  hear(protocol, [INIT, failed(message)]);
  expect(protocol.judge(exitWith(0))).toMatchObject({ kind: 'provider', failure: { type } });
});

test.each(['[API Error: 400 wrong]', 'Operation cancelled.', 'The model said: [API Error: 429 x]', '429'])(
  'the fault of the turn: %s',
  (message) => {
    const protocol = new StreamJsonProtocol(new QwenDialect(true), { session: null, tools: null });
    hear(protocol, [INIT, failed(message)]);
    expect(protocol.judge(exitWith(0)).kind).toBe('failed');
  },
);

test('words of the model are no error of the program', () => {
  const protocol = new StreamJsonProtocol(new QwenDialect(true), { session: null, tools: null });
  hear(protocol, [INIT, { type: 'result', is_error: false, result: '[API Error: 429 x]' }]);
  expect(protocol.judge(exitWith(0)).kind).toBe('ended');
});

test('a session that it did not take up', () => {
  const protocol = new StreamJsonProtocol(new QwenDialect(true), { session: { id: 's-9', totals: null }, tools: null });
  expect(protocol.judge(exitWith(1)).kind).toBe('session-refused');
});

test('without a key it is not logged in, whatever session it was to go on with', () => {
  const protocol = new StreamJsonProtocol(new QwenDialect(false), {
    session: { id: 's-9', totals: null },
    tools: null,
  });
  hear(protocol, [failed('Missing API key')]);
  expect(protocol.judge(exitWith(1))).toMatchObject({ kind: 'provider', failure: { type: 'authentication' } });
});
