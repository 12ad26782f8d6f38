import { describe, expect, test } from 'vitest';

import { exitWith, hear } from '../../../test/fixtures/agents/hear.ts';
import { NO_USAGE } from '../../core/usage.ts';
import type { Usage } from '../../core/usage.ts';
import { AppServerProtocol } from './app-server-protocol.ts';
import type { AppServerWork } from './app-server-protocol.ts';

// The lines are those of 0.169.0, in short.

const OPEN = [
  { id: 'initialize', result: { userAgent: 'yardmaster/0.169.0' } },
  { id: 'account', result: { account: null, requiresOpenaiAuth: false } },
  { id: 'thread', result: { thread: { id: 'T1' }, model: 'gpt-5.1-codex' } },
  { id: 'turn', result: { turn: { id: 't1', status: 'inProgress' } } },
];
const completed = (status: string, error: object | null = null): object => ({
  method: 'turn/completed',
  params: { threadId: 'T1', turn: { id: 't1', status, error, items: [] } },
});
const item = (when: 'started' | 'completed', fields: object, threadId = 'T1'): object => ({
  method: `item/${when}`,
  params: { item: fields, threadId, turnId: 't1' },
});
const counted = (total: object, turnId = 't1', threadId = 'T1'): object => ({
  method: 'thread/tokenUsage/updated',
  params: { threadId, turnId, tokenUsage: { total, last: {}, modelContextWindow: 258_400 } },
});
const trouble = (info: unknown, willRetry: boolean): object => ({
  method: 'error',
  params: { error: { message: 'Reconnecting... 1/5', codexErrorInfo: info }, willRetry, threadId: 'T1', turnId: 't1' },
});

function make(turn: Partial<AppServerWork['turn']> = {}, more: Partial<AppServerWork> = {}): AppServerProtocol {
  const plain = { prompt: 'Do it.', session: null, tools: null, system: null };
  return new AppServerProtocol({ turn: { ...plain, ...turn }, thread: {}, task: {}, key: null, ...more });
}

/** The methods that were called, with what was given. */
function callsOf(written: readonly string[]): [string, { readonly [key: string]: unknown }][] {
  return written.map((line) => {
    const { method, params } = JSON.parse(line) as { method: string; params: { readonly [key: string]: unknown } };
    return [method, params];
  });
}

test('what it does becomes events, and the end of the turn ends it', () => {
  const protocol = make();
  const { events, written, isFinished } = hear(protocol, [
    ...OPEN,
    'no JSON at all',
    item('started', { type: 'commandExecution', id: 'c1', command: '/bin/bash -lc ls' }),
    item('completed', { type: 'commandExecution', id: 'c1', status: 'completed', exitCode: 2, aggregatedOutput: 'no' }),
    item('started', { type: 'fileChange', id: 'c2', changes: [{ path: 'a.txt' }, { path: 'b.txt' }] }),
    item('completed', { type: 'fileChange', id: 'c2', status: 'completed' }),
    item('completed', { type: 'reasoning', id: 'r', summary: ['hm'], content: [] }),
    { method: 'turn/plan/updated', params: { threadId: 'T1', plan: [{ step: 'one', status: 'pending' }] } },
    item('completed', { type: 'agentMessage', id: 'm', text: 'That was all.' }),
    item('completed', { type: 'agentMessage', id: 'n', text: 'of a helper' }, 'T2'),
    completed('completed'),
  ]);
  expect(events).toEqual([
    { kind: 'session', id: 'T1', model: 'gpt-5.1-codex' },
    { kind: 'tool', id: 'c1', name: 'shell', summary: '/bin/bash -lc ls' },
    { kind: 'tool-result', id: 'c1', ok: false, summary: 'no' },
    { kind: 'tool', id: 'c2', name: 'apply_patch', summary: 'a.txt b.txt' },
    { kind: 'tool-result', id: 'c2', ok: true, summary: '' },
    { kind: 'thinking', text: 'hm' },
    { kind: 'plan', entries: ['one'] },
    { kind: 'text', text: 'That was all.' },
  ]);
  expect(callsOf(written).map(([method]) => method)).toEqual([
    'initialize',
    'initialized',
    'account/read',
    'thread/start',
    'turn/start',
  ]);
  expect(isFinished).toBe(true);
  expect(protocol.judge(exitWith(0))).toEqual({ kind: 'ended', message: 'That was all.' });
});

test('the turn of a helper does not end that of the agent', () => {
  const ended = { method: 'turn/completed', params: { threadId: 'T2', turn: { id: 'x', status: 'completed' } } };
  const protocol = make();
  expect(hear(protocol, [...OPEN, ended]).isFinished).toBe(false);
  expect(protocol.judge(exitWith(0)).kind).toBe('failed');
});

test('a call of a tool is answered, and one for which there is none, too', async () => {
  const protocol = make();
  const { written } = hear(protocol, [
    ...OPEN,
    { id: 0, method: 'item/tool/call', params: { tool: 'finish', arguments: {} } },
    { id: 1, method: 'item/commandExecution/requestApproval', params: {} },
    { id: 2, method: 'attestation/generate', params: {} },
  ]);
  await Promise.resolve();
  const answers = written
    .map((line) => JSON.parse(line) as { id: unknown; method?: string })
    .filter(({ method }) => method === undefined);
  expect(answers).toEqual([
    {
      id: 0,
      result: { success: false, contentItems: [{ type: 'inputText', text: 'There are no tools in this turn.' }] },
    },
    { id: 1, result: { decision: 'decline' } },
    { id: 2, error: { code: -32_601, message: 'nobody is here to answer' } },
  ]);
});

describe('the account', () => {
  const key = { value: 'k', outranksLogin: false };
  const account = (type: string | null, requiresOpenaiAuth = true): object => {
    return { id: 'account', result: { account: type === null ? null : { type }, requiresOpenaiAuth } };
  };
  const logins = (found: object, given: AppServerWork['key']): readonly string[] =>
    callsOf(hear(make({}, { key: given }), [OPEN[0] ?? {}, found]).written)
      .map(([method]) => method)
      .filter((method) => method.startsWith('account/login'));

  test('a key is a login where there is none, or an older key', () => {
    expect(logins(account(null), key)).toEqual(['account/login/start']);
    expect(logins(account('apiKey'), key)).toEqual(['account/login/start']);
    expect(logins(account('chatgpt'), key)).toEqual([]);
    expect(logins(account('chatgpt'), { ...key, outranksLogin: true })).toEqual(['account/login/start']);
  });

  test('no key is given to a provider of its own', () => {
    expect(logins(account(null, false), key)).toEqual([]);
    expect(logins(account(null), null)).toEqual([]);
  });
});

describe('usage', () => {
  const total = (inputTokens: number, outputTokens: number): object => ({
    inputTokens,
    cachedInputTokens: 10,
    cacheWriteInputTokens: 5,
    outputTokens,
  });
  const used = (lines: readonly object[], session: { id: string; totals: Usage | null } | null): unknown =>
    hear(make({ session }), [...OPEN, ...lines]).events.filter(({ kind }) => kind === 'usage');

  test('is what came on top of what the thread had counted', () => {
    const lines = [counted(total(115, 7), 'of an earlier turn'), counted(total(230, 14)), counted(total(230, 14))];
    expect(used(lines, { id: 'T1', totals: null })).toEqual([
      {
        kind: 'usage',
        usage: { ...NO_USAGE, inputTokens: 115, outputTokens: 7 },
        totals: { ...NO_USAGE, inputTokens: 215, cachedTokens: 10, cacheWriteTokens: 5, outputTokens: 14 },
      },
    ]);
  });

  test('where it is not told, what we had counted is taken', () => {
    const totals = { ...NO_USAGE, inputTokens: 100, cachedTokens: 10, cacheWriteTokens: 5, outputTokens: 7 };
    expect(used([counted(total(135, 9))], { id: 'T1', totals })).toMatchObject([
      { usage: { inputTokens: 20, cachedTokens: 0, cacheWriteTokens: 0, outputTokens: 2 } },
    ]);
  });

  test('of a helper counts, too', () => {
    expect(used([counted(total(20, 1), 'h', 'T2')], null)).toMatchObject([
      { usage: { inputTokens: 5, outputTokens: 1 } },
    ]);
  });
});

describe('a refusal of the provider', () => {
  const judged = (lines: readonly object[]): unknown => {
    const protocol = make();
    hear(protocol, [...OPEN, ...lines]);
    return protocol.judge(exitWith(0));
  };
  const limits = {
    method: 'account/rateLimits/updated',
    params: {
      rateLimits: {
        primary: { usedPercent: 100, resetsAt: 1_795_280_000 },
        secondary: { usedPercent: 20, resetsAt: 1_795_880_000 },
      },
    },
  };

  test.for<[unknown, object]>([
    ['usageLimitExceeded', { type: 'quota', status: null, resetMs: null, code: 'usageLimitExceeded' }],
    ['internalServerError', { type: 'overload' }],
    ['unauthorized', { type: 'authentication' }],
    ['modelNotFound', { type: 'model' }],
    [{ httpConnectionFailed: { httpStatusCode: 401 } }, { type: 'authentication', status: 401 }],
    [{ responseTooManyFailedAttempts: { httpStatusCode: 429 } }, { type: 'overload', status: 429 }],
    [{ responseStreamDisconnected: { httpStatusCode: null } }, { type: 'overload', status: null, isUnanswered: true }],
  ])('%j', ([info, failure]) => {
    expect(judged([completed('failed', { message: 'No.', codexErrorInfo: info })])).toMatchObject({
      kind: 'provider',
      why: 'codex failed: No.',
      failure,
    });
  });

  test.for(['other', 'contextWindowExceeded', 'constructor', null])('%j is none', (info) => {
    expect(judged([completed('failed', { message: 'No.', codexErrorInfo: info })])).toMatchObject({
      kind: 'failed',
    });
  });

  test('a quota comes back when the window that is used up opens again', () => {
    expect(
      judged([limits, completed('failed', { message: 'No.', codexErrorInfo: 'usageLimitExceeded' })]),
    ).toMatchObject({
      failure: { type: 'quota', resetMs: 1_795_280_000_000 },
    });
  });

  test('is told while it tries again, and when it gives up on the connection', () => {
    const disconnected = trouble({ responseStreamDisconnected: { httpStatusCode: 503 } }, true);
    const protocol = make();
    const { events } = hear(protocol, [
      ...OPEN,
      disconnected,
      completed('failed', { message: 'No.', codexErrorInfo: 'other' }),
    ]);
    const failure = { type: 'overload', status: 503, resetMs: null, code: 'responseStreamDisconnected' };
    expect(events.at(-1)).toEqual({ kind: 'rate-limit', failure, delayMs: null });
    expect(protocol.judge(exitWith(0))).toMatchObject({ kind: 'provider', failure });
  });
});

describe('a session', () => {
  const session = { id: 'T1', totals: null };
  const refused = { id: 'thread', error: { code: -32_600, message: 'no rollout found for thread id T1' } };

  test('is taken up, with the instructions of this turn', () => {
    const { written } = hear(make({ session, system: 'Be good.' }), OPEN);
    const calls = Object.fromEntries(callsOf(written));
    expect(calls['thread/resume']).toEqual({ threadId: 'T1', excludeTurns: true });
    expect(calls['turn/start']).toMatchObject({
      additionalContext: { instructions: { kind: 'application', value: 'Be good.' } },
    });
  });

  test('is refused', () => {
    const protocol = make({ session });
    expect(hear(protocol, [...OPEN.slice(0, 2), refused]).isFinished).toBe(true);
    expect(protocol.judge(exitWith(0)).kind).toBe('session-refused');
  });

  test('a new one that is refused is a failure', () => {
    const protocol = make();
    hear(protocol, [...OPEN.slice(0, 2), refused]);
    expect(protocol.judge(exitWith(0)).kind).toBe('failed');
  });
});

test('it is interrupted once there is a turn', () => {
  const protocol = make();
  expect(protocol.interrupt()).toBe(false);
  const { written } = hear(protocol, OPEN);
  expect(protocol.interrupt()).toBe(true);
  expect(callsOf(written).at(-1)).toEqual(['turn/interrupt', { threadId: 'T1', turnId: 't1' }]);
});

test('it is told something while there is a turn, of which a refusal means nothing', () => {
  const protocol = make();
  expect(protocol.steer('Hurry.')).toBe(false);
  const { written } = hear(protocol, OPEN);
  expect(protocol.steer('Hurry.')).toBe(true);
  expect(callsOf(written).at(-1)).toEqual([
    'turn/steer',
    { threadId: 'T1', expectedTurnId: 't1', input: [{ type: 'text', text: 'Hurry.' }] },
  ]);
  protocol.stdout(JSON.stringify({ id: 'steer', error: { code: -32600, message: 'no active turn' } }));
  protocol.stdout(
    JSON.stringify({ method: 'turn/completed', params: { threadId: 'T1', turn: { id: 't1', status: 'completed' } } }),
  );
  expect(protocol.steer('Hurry.')).toBe(false);
  expect(protocol.judge({ code: 0, signal: null, stderr: '' })).toEqual({ kind: 'ended', message: null });
});
