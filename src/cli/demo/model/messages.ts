import type { Answer, Message, OfferedTool, ReportedTokens } from './conversation.ts';
import { argumentsOf, object, objects, pieces, string, texts } from './protocol.ts';
import type { Frame, Json, Protocol } from './protocol.ts';

/** Anthropic Messages. */
export const messagesProtocol: Protocol = {
  read: (body) => ({
    protocol: 'messages',
    model: string(body['model']),
    system: texts(body['system']).join('\n'),
    messages: objects(body['messages']).flatMap(readMessage),
    tools: [...objects(body['tools']).map(readTool), ...foundTools(body)],
  }),
  wantsStream: (body) => body['stream'] === true,
  frames,
  whole: (answer, model) => ({
    ...envelope(model),
    content: [block(answer)],
    stop_reason: stopReason(answer),
    usage: { ...inputOf(answer.usage), output_tokens: answer.usage.output },
  }),
  errorBody: (status) => ({
    type: 'error',
    error: {
      type: ERRORS[status] ?? (status < 500 ? 'invalid_request_error' : 'api_error'),
      message: `stub ${status}`,
    },
  }),
};

const ERRORS: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  529: 'overloaded_error',
};

function readMessage({ role, content }: Json): readonly Message[] {
  if (role === 'assistant') {
    const hasCall = objects(content).some(({ type }) => type === 'tool_use');
    return hasCall ? [] : [{ role: 'assistant', text: texts(content).join('') }];
  }
  if (role !== 'user') return [];
  if (typeof content === 'string') return [{ role: 'user', text: content }];
  return objects(content).flatMap((part): readonly Message[] => {
    if (part['type'] === 'text') return [{ role: 'user', text: string(part['text']) }];
    if (part['type'] !== 'tool_result') return [];
    return [{ role: 'tool', callId: string(part['tool_use_id']), text: texts(part['content']).join('\n') }];
  });
}

function readTool({ name, input_schema: schema }: Json): OfferedTool {
  return { name: string(name), namespace: null, kind: 'function', ...argumentsOf(schema) };
}

/** Claude tells of tools only when it is asked for them: the result of its ToolSearch names them. */
function foundTools(body: Json): readonly OfferedTool[] {
  const parts = objects(body['messages']).flatMap(({ content }) => objects(content));
  const found = parts.filter(({ type }) => type === 'tool_result').flatMap(({ content }) => objects(content));
  const names = found.filter(({ type }) => type === 'tool_reference').map((part) => string(part['tool_name']));
  return [...new Set(names)].map((name) => ({ name, namespace: null, kind: 'function', properties: {}, required: [] }));
}

function* frames(answer: Answer, model: string): Iterable<Frame> {
  const { content, usage } = answer;
  const event = (type: string, rest: object): Frame => ({ event: type, data: { type, ...rest } });
  yield event('message_start', {
    message: { ...envelope(model), content: [], stop_reason: null, usage: { ...inputOf(usage), output_tokens: 1 } },
  });
  const empty = content.kind === 'text' ? { type: 'text', text: '' } : { ...object(block(answer)), input: {} };
  yield event('content_block_start', { index: 0, content_block: empty });
  const delta = (value: object): Frame => event('content_block_delta', { index: 0, delta: value });
  if (content.kind === 'text') for (const text of pieces(content.text)) yield delta({ type: 'text_delta', text });
  else {
    for (const partial of pieces(JSON.stringify(content.call.arguments)))
      yield delta({ type: 'input_json_delta', partial_json: partial });
  }
  yield event('content_block_stop', { index: 0 });
  yield event('message_delta', {
    delta: { stop_reason: stopReason(answer), stop_sequence: null },
    usage: { ...inputOf(usage), output_tokens: usage.output },
  });
  yield event('message_stop', {});
}

function envelope(model: string): object {
  return { id: `msg_${crypto.randomUUID()}`, type: 'message', role: 'assistant', model, stop_sequence: null };
}

function block({ content }: Answer): object {
  if (content.kind === 'text') return { type: 'text', text: content.text };
  return { type: 'tool_use', id: content.id, name: content.call.tool.name, input: content.call.arguments };
}

function stopReason({ content }: Answer): string {
  return content.kind === 'text' ? 'end_turn' : 'tool_use';
}

function inputOf({ input, cached, cacheWrite }: ReportedTokens): object {
  return { input_tokens: input, cache_creation_input_tokens: cacheWrite, cache_read_input_tokens: cached };
}
