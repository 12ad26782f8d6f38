import { describe, expect, test } from 'vitest';

import type { Json } from '../../core/yard-event.ts';
import type { AgentEvent } from '../agent.ts';
import { at, parseLine, textAt } from '../program/json-line.ts';
import type { Judgement } from '../program/protocol.ts';
import { AcpProtocol } from './acp-protocol.ts';
import type { AcpWish } from './acp-protocol.ts';

const WISH: AcpWish = {
  directory: '/lane',
  prompt: 'Do it.',
  system: null,
  session: null,
  servers: [],
  model: null,
  effort: null,
  isEnclosed: true,
};

const HELLO = {
  protocolVersion: 1,
  agentCapabilities: { loadSession: true, sessionCapabilities: { resume: {} } },
  agentInfo: { name: 'an-agent', version: '1' },
};

interface Said {
  readonly method: string;
  readonly params: Json;
}

/** What the agent answers a request with; what it sends before that goes through `send`. Null: it stays silent. */
type Answers = (said: Said, send: (message: object) => void) => { result: object } | { error: object } | null;

interface Talk {
  readonly judgement: Judgement;
  readonly events: readonly AgentEvent[];
  readonly said: readonly Said[];
  /** What our side answered requests of the agent with, by id. */
  readonly answers: ReadonlyMap<string, Json>;
}

async function talk(wish: Partial<AcpWish>, answers: Answers, during?: (protocol: AcpProtocol) => void): Promise<Talk> {
  const protocol = new AcpProtocol({ ...WISH, ...wish });
  const events: AgentEvent[] = [];
  const said: Said[] = [];
  const replies = new Map<string, Json>();
  const send = (message: object): void => protocol.stdout(JSON.stringify({ jsonrpc: '2.0', ...message }));
  const finished = Promise.withResolvers<void>();
  const hear = (line: string): void => {
    const message = parseLine(line);
    const method = textAt(message ?? undefined, 'method');
    if (message === null || method === null) {
      const id = textAt(message ?? undefined, 'id');
      if (id === null) return;
      replies.set(id, message);
      answers({ method: `answered ${id}`, params: message }, send);
      return;
    }
    const one = { method, params: message['params'] ?? null };
    said.push(one);
    const answer = answers(one, send);
    if (message['id'] !== undefined && answer !== null) send({ id: message['id'], ...answer });
    during?.(protocol);
  };
  protocol.begin({ write: hear, finish: finished.resolve }, (event) => void events.push(event));
  await finished.promise;
  return { judgement: protocol.judge({ code: 0, signal: null, stderr: '' }), events, said, answers: replies };
}

const update = (body: object): object => ({ method: 'session/update', params: { sessionId: 's1', update: body } });

/** An agent without quirks, but for what is given for some of its methods. */
function agent(special: Record<string, Answers> = {}): Answers {
  return (said, send) => {
    const own = special[said.method];
    if (own !== undefined) return own(said, send);
    if (said.method === 'initialize') return { result: HELLO };
    if (said.method === 'session/new') return { result: { sessionId: 's1' } };
    if (said.method === 'session/prompt') return { result: { stopReason: 'end_turn' } };
    return { result: {} };
  };
}

describe('a turn', () => {
  test('is initialized, opened, prompted and ended; chunks become messages, the usage is told once', async () => {
    const { judgement, events, said } = await talk(
      { servers: [{ name: 'yard', command: '/node', args: ['x'], env: [{ name: 'A', value: 'b' }] }] },
      agent({
        'session/prompt': (_, send) => {
          send(update({ sessionUpdate: 'agent_thought_chunk', content: { type: 'text', text: 'Hm.' } }));
          send(update({ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: 'All ' } }));
          send(update({ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: 'done.' } }));
          send(update({ sessionUpdate: 'something_new', of: ['a later version'] }));
          send(
            update({ sessionUpdate: 'plan', entries: [{ content: 'first', status: 'completed', priority: 'low' }] }),
          );
          send(update({ sessionUpdate: 'usage_update', used: 1, size: 2, cost: { amount: 0.5, currency: 'USD' } }));
          const usage = { inputTokens: 10, outputTokens: 3, cachedReadTokens: 2, totalTokens: 15 };
          return { result: { stopReason: 'end_turn', usage } };
        },
      }),
    );
    const usage = { inputTokens: 10, cachedTokens: 2, cacheWriteTokens: 0, outputTokens: 3, costUsd: 0.5 };
    expect(events).toEqual([
      { kind: 'session', id: 's1' },
      { kind: 'thinking', text: 'Hm.' },
      { kind: 'text', text: 'All done.' },
      { kind: 'plan', entries: ['[completed] first'] },
      { kind: 'usage', usage, totals: usage },
    ]);
    expect(judgement).toEqual({ kind: 'ended', message: 'All done.' });
    expect(said.map(({ method }) => method)).toEqual(['initialize', 'session/new', 'session/prompt']);
    expect(said[1]?.params).toEqual({
      cwd: '/lane',
      mcpServers: [{ name: 'yard', command: '/node', args: ['x'], env: [{ name: 'A', value: 'b' }] }],
    });
    expect(said[2]?.params).toEqual({ sessionId: 's1', prompt: [{ type: 'text', text: 'Do it.' }] });
  });

  test('a prompt that begins with a slash is no command to the program', async () => {
    const { said } = await talk({ prompt: '/help me' }, agent());
    const prompt = [{ type: 'text', text: 'What follows is the task.\n\n/help me' }];
    expect(said[2]?.params).toEqual({ sessionId: 's1', prompt });
  });

  test('what is used may be told with each message, the part that was cached within its input', async () => {
    const { events } = await talk(
      {},
      agent({
        'session/prompt': (_, send) => {
          for (const cachedReadTokens of [0, 30]) {
            const usage = { inputTokens: 100, outputTokens: 5, cachedReadTokens, totalTokens: 105 };
            send(
              update({
                sessionUpdate: 'agent_message_chunk',
                content: { type: 'text', text: '' },
                _meta: { usage, durationMs: 8 },
              }),
            );
          }
          return { result: { stopReason: 'end_turn', _meta: {} } };
        },
      }),
    );
    const usage = { inputTokens: 170, cachedTokens: 30, cacheWriteTokens: 0, outputTokens: 10, costUsd: null };
    expect(events.at(-1)).toEqual({ kind: 'usage', usage, totals: usage });
  });

  test('goes on with a session without telling again what happened in it, and counts its cost from there', async () => {
    const before = { inputTokens: 1, cachedTokens: 0, cacheWriteTokens: 0, outputTokens: 1, costUsd: 0.5 };
    const { events, said } = await talk(
      { session: { id: 's1', totals: before } },
      agent({
        initialize: () => ({ result: { ...HELLO, agentCapabilities: { loadSession: true } } }),
        'session/load': (_, send) => {
          send(update({ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: 'Long ago.' } }));
          send(update({ sessionUpdate: 'usage_update', used: 1, size: 2, cost: { amount: 0.5, currency: 'USD' } }));
          return { result: {} };
        },
        'session/prompt': (_, send) => {
          send(update({ sessionUpdate: 'usage_update', used: 1, size: 2, cost: { amount: 0.75, currency: 'USD' } }));
          return { result: { stopReason: 'end_turn' } };
        },
      }),
    );
    expect(said.map(({ method }) => method)).toEqual(['initialize', 'session/load', 'session/prompt']);
    expect(events).toMatchObject([
      { kind: 'session', id: 's1' },
      { kind: 'usage', usage: { costUsd: 0.25 }, totals: { costUsd: 0.75 } },
    ]);
  });

  test.each([
    ['is not there', agent({ 'session/resume': () => ({ error: { code: -32002, message: 'Resource not found' } }) })],
    ['cannot be gone on with', agent({ initialize: () => ({ result: { protocolVersion: 1 } }) })],
  ])('is refused where its session %s', async (_, answers) => {
    const { judgement } = await talk({ session: { id: 's1', totals: null } }, answers);
    expect(judgement.kind).toBe('session-refused');
  });

  test('is interrupted over the protocol, and only while it works', async () => {
    let wasEarly = true;
    const { said, judgement } = await talk(
      {},
      agent({ 'session/prompt': () => null, 'session/cancel': () => null }),
      (protocol) => {
        const isPrompted = protocol.interrupt();
        if (!isPrompted) return;
        wasEarly = false;
        protocol.stdout(JSON.stringify({ jsonrpc: '2.0', id: 2, result: { stopReason: 'cancelled' } }));
      },
    );
    expect(wasEarly).toBe(false);
    expect(said.map(({ method }) => method)).toContain('session/cancel');
    expect(judgement).toEqual({ kind: 'ended', message: null });
  });

  test('sets the model, the effort and a mode that asks nobody, where the session offers them', async () => {
    const opened = {
      sessionId: 's1',
      modes: { currentModeId: 'default', availableModes: [{ id: 'default' }, { id: 'bypassPermissions' }] },
      configOptions: [
        { id: 'm', category: 'model', options: [{ value: 'opus' }, { name: 'more', options: [{ value: 'haiku' }] }] },
        { id: 'e', category: 'thought_level', options: [{ value: 'high' }] },
      ],
    };
    const open = agent({ 'session/new': () => ({ result: opened }) });
    const { said } = await talk({ model: 'haiku', effort: 'high' }, open);
    expect(said.slice(2, -1)).toEqual([
      { method: 'session/set_config_option', params: { sessionId: 's1', configId: 'm', value: 'haiku' } },
      { method: 'session/set_config_option', params: { sessionId: 's1', configId: 'e', value: 'high' } },
      { method: 'session/set_mode', params: { sessionId: 's1', modeId: 'bypassPermissions' } },
    ]);
    const { judgement } = await talk({ model: 'gpt' }, open);
    expect(judgement).toEqual({
      kind: 'infrastructure',
      why: 'the agent does not offer the model gpt; it offers: opus, haiku',
    });
    expect((await talk({ isEnclosed: false }, open)).said.map(({ method }) => method)).not.toContain(
      'session/set_mode',
    );
  });
});

describe('what the agent asks for', () => {
  const ask = (path: string): Answers =>
    agent({
      'session/prompt': (_, send) => {
        const options = [
          { optionId: 'always', kind: 'allow_always' },
          { optionId: 'yes', kind: 'allow_once' },
          { optionId: 'no', kind: 'reject_once' },
        ];
        const toolCall = { toolCallId: 't', kind: 'edit', locations: [{ path }] };
        send({ id: 'p', method: 'session/request_permission', params: { sessionId: 's1', toolCall, options } });
        send({ id: 'w', method: 'fs/write_text_file', params: { sessionId: 's1', path, content: 'x' } });
        send({ id: 'r', method: 'terminal/create', params: { sessionId: 's1', command: 'id' } });
        return null;
      },
      'answered r': (_, send) => {
        send({ id: 2, result: { stopReason: 'end_turn' } });
        return null;
      },
    });
  const outcome = ({ answers }: Talk): Json | undefined => at(answers.get('p'), 'result', 'outcome', 'optionId');

  test('is allowed in a cell, once; without one, only in the lane', async () => {
    expect(outcome(await talk({}, ask('/etc/passwd')))).toBe('yes');
    expect(outcome(await talk({ isEnclosed: false }, ask('/lane/src/a.ts')))).toBe('yes');
    expect(outcome(await talk({ isEnclosed: false }, ask('/lane/../etc/passwd')))).toBe('no');
  });

  test('is refused where it wants files or terminals of this side, and its turn goes on', async () => {
    const { answers, judgement } = await talk({}, ask('/lane/a'));
    expect(at(answers.get('w'), 'error', 'code')).toBe(-32601);
    expect(at(answers.get('r'), 'error', 'code')).toBe(-32601);
    expect(judgement.kind).toBe('ended');
  });
});

describe('what goes wrong', () => {
  test.each([
    ['claude, 429', { code: -32603, message: 'x', data: { errorKind: 'rate_limit' } }, 'overload', null],
    ['claude, 500', { code: -32603, message: 'x', data: { errorKind: 'server_error' } }, 'overload', null],
    ['nobody is logged in', { code: -32000, message: 'Authentication required' }, 'authentication', null],
    ['opencode', { code: -32603, message: 'x', data: { service: 'session', errorName: 'APIError' } }, 'overload', null],
    ['gemini, 429', { code: 429, message: 'stub 429' }, 'overload', 429],
    ['gemini, 401', { code: 401, message: 'x' }, 'authentication', 401],
  ])('is a failure of the provider: %s', async (_, error, type, status) => {
    const { judgement } = await talk({}, agent({ 'session/prompt': () => ({ error }) }));
    expect(judgement).toMatchObject({ kind: 'provider', failure: { type, status, resetMs: null } });
  });

  test('is the failure of the agent where only its words speak of the provider', async () => {
    const error = { code: -32603, message: 'Internal error: 429 rate limit, quota exceeded' };
    const { judgement } = await talk({}, agent({ 'session/prompt': () => ({ error }) }));
    expect(judgement.kind).toBe('failed');
    const odd = { code: -32603, message: 'x', data: { errorKind: 'constructor' } };
    expect((await talk({}, agent({ 'session/prompt': () => ({ error: odd }) }))).judgement.kind).toBe('failed');
  });

  test.each(['max_tokens', 'max_turn_requests', 'refusal'])('the turn stops by %s', async (stopReason) => {
    const { judgement } = await talk({}, agent({ 'session/prompt': () => ({ result: { stopReason } }) }));
    expect(judgement.kind).toBe('failed');
  });

  test('another version of the protocol, or no agent at all, is nothing that the task did', async () => {
    const later = await talk({}, agent({ initialize: () => ({ result: { protocolVersion: 2 } }) }));
    expect(later.judgement.kind).toBe('infrastructure');
    const none = await talk({}, agent({ initialize: () => ({ error: { code: -32601, message: 'what?' } }) }));
    expect(none.judgement.kind).toBe('infrastructure');
    const ended = new AcpProtocol(WISH);
    expect(ended.judge({ code: 2, signal: null, stderr: '' }).kind).toBe('infrastructure');
  });

  test('lines that are nothing, answers to nothing and broken ones change nothing', async () => {
    const { judgement } = await talk(
      {},
      agent({
        'session/prompt': (_, send) => {
          for (const broken of [
            { id: 'nobody', result: {} },
            { id: 99, result: {} },
            { result: 1 },
            { method: 'session/update' },
            { method: 'session/update', params: { update: 7 } },
            { method: '_auth/status_update', params: {} },
            { method: 7 },
            { id: 'q', method: 'session/request_permission' },
          ]) {
            send(broken);
          }
          return { result: { stopReason: 'end_turn' } };
        },
      }),
      (protocol) => ['', 'garbage', '[]', '{', 'null', '{"jsonrpc":"2.0"}'].forEach((line) => protocol.stdout(line)),
    );
    expect(judgement).toEqual({ kind: 'ended', message: null });
  });
});
