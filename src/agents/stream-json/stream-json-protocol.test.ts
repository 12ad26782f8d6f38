import { expect, test } from 'vitest';

import { hear } from '../../../test/fixtures/agents/hear.ts';
import { useTools } from '../../../test/fixtures/tools/open-tools.ts';
import { until } from '../../../test/fixtures/yard/until.ts';
import type { Json } from '../../core/yard-event.ts';
import { ClaudeDialect } from '../claude/claude-dialect.ts';
import { openingOf, StreamJsonProtocol } from './stream-json-protocol.ts';

const asked = (id: string, request: object): object => ({ type: 'control_request', request_id: id, request });
const served = (id: string, message: Json): object =>
  asked(id, { subtype: 'mcp_message', server_name: 'yard', message });
const call = (id: string, name: string, input: Json): object =>
  served(id, { jsonrpc: '2.0', id: 7, method: 'tools/call', params: { name, arguments: input } });

/** The answers, by the ids of what was asked. */
const answersTo = async (tools: Awaited<ReturnType<typeof useTools>>['tools'] | null, lines: readonly object[]) => {
  const { written } = hear(new StreamJsonProtocol(new ClaudeDialect(), { session: null, tools }), lines);
  await until('an answer to each', () => written.length === lines.length);
  const answers = written.map((line) => (JSON.parse(line) as { response: { request_id: string } }).response);
  return Object.fromEntries(answers.map(({ request_id, ...rest }) => [request_id, rest]));
};

test('it is told which servers are asked over the stream', () => {
  const [hello = '', said = ''] = openingOf('Do it.', ['yard']).split('\n');
  expect(JSON.parse(hello)).toMatchObject({ request: { subtype: 'initialize', sdkMcpServers: ['yard'] } });
  expect(JSON.parse(said)).toMatchObject({ type: 'user', message: { content: [{ text: 'Do it.' }] } });
  expect(openingOf('Do it.')).not.toContain('sdkMcpServers');
});

test('calls of tools come over the stream, and are answered there', async () => {
  const { tools, log } = await useTools();
  const answers = await answersTo(tools, [
    served('a', { jsonrpc: '2.0', id: 0, method: 'initialize', params: { protocolVersion: '2025-06-18' } }),
    served('b', { jsonrpc: '2.0', method: 'notifications/initialized' }),
    call('c', 'report_packet', { summary: 'It is done.' }),
    call('d', 'finish', { status: 'done', task: 'TASK-8' }),
    call('e', 'finish', { status: 'done' }),
  ]);
  const result = (value: object): object => ({ subtype: 'success', response: { mcp_response: { result: value } } });
  expect(answers).toMatchObject({
    a: result({ protocolVersion: '2025-06-18' }),
    b: result({}),
    c: result({ isError: false }),
    d: result({ isError: true }),
    e: result({ isError: false }),
  });
  expect(tools.terminal).toMatchObject({ kind: 'done', packet: { summary: 'It is done.' } });
  expect(log.map((entry) => entry['because'] ?? null)).toEqual([null, 'foreign', null]);
});

test('what is no message of the protocol is refused, and what nobody can answer', async () => {
  const { tools } = await useTools();
  const answers = await answersTo(tools, [
    served('a', 'nothing'),
    asked('b', { subtype: 'mcp_message' }),
    asked('c', { subtype: 'hook_callback' }),
    asked('d', { subtype: 'can_use_tool', input: { command: 'ls' } }),
  ]);
  const refused = { subtype: 'success', response: { mcp_response: { error: { code: -32600 } } } };
  expect(answers).toMatchObject({
    a: refused,
    b: refused,
    c: { subtype: 'error' },
    d: { subtype: 'success', response: { behavior: 'allow', updatedInput: { command: 'ls' } } },
  });
  expect(await answersTo(null, [call('x', 'get_task', {})])).toMatchObject({ x: { subtype: 'error' } });
});
