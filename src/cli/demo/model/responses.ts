import type { Answer, Message, OfferedTool, ReportedTokens } from './conversation.ts';
import { openaiError } from './openai-error.ts';
import { argumentsOf, CREATED_S, objects, pieces, string, texts } from './protocol.ts';
import type { Frame, Json, Protocol } from './protocol.ts';

/** OpenAI Responses, and what codex makes of it: tools in namespaces, tools of one text, tools told of in the input. */
export const responsesProtocol: Protocol = {
  read: (body) => {
    const input = typeof body['input'] === 'string' ? [{ role: 'user', content: body['input'] }] : body['input'];
    const items = objects(input);
    const extra = items.filter(({ type }) => type === 'additional_tools' || type === 'tool_search_output');
    const lists = [body['tools'], ...extra.map(({ tools }) => tools)];
    // Standing instructions of whoever starts codex come so, and not with its own.
    const developer = items.filter(({ role }) => role === 'developer').flatMap(({ content }) => texts(content));
    return {
      protocol: 'responses',
      model: string(body['model']),
      system: [string(body['instructions']), ...developer].join('\n'),
      messages: items.flatMap(readItem),
      tools: lists.flatMap((list) => objects(list)).flatMap((tool) => readTool(tool, null)),
    };
  },
  wantsStream: (body) => body['stream'] === true,
  frames,
  whole: (answer, model) => response(model, 'completed', [itemOf(answer)], answer.usage),
  errorBody: openaiError,
};

function readItem(item: Json): readonly Message[] {
  const { type = 'message', role, content } = item;
  if (type === 'message' && role === 'user') return texts(content).map((text) => ({ role: 'user', text }));
  if (type === 'message' && role === 'assistant') return [{ role: 'assistant', text: texts(content).join('') }];
  if (type === 'tool_search_output') return [{ role: 'tool', callId: string(item['call_id']), text: '' }];
  if (type !== 'function_call_output' && type !== 'custom_tool_call_output') return [];
  return [{ role: 'tool', callId: string(item['call_id']), text: texts(item['output']).join('\n') }];
}

/** What stands in the namespace `functions` is called as if it stood in none. */
function readTool(tool: Json, namespace: string | null): readonly OfferedTool[] {
  const name = string(tool['name']);
  const { type } = tool;
  if (type === 'namespace')
    return objects(tool['tools']).flatMap((inner) => readTool(inner, name === 'functions' ? null : name));
  if (type === 'tool_search')
    return [{ name: 'tool_search', namespace: null, kind: 'search', properties: {}, required: [] }];
  if (type !== 'function' && type !== 'custom') return [];
  return [{ name, namespace, kind: type, ...argumentsOf(tool['parameters']) }];
}

function* frames(answer: Answer, model: string): Iterable<Frame> {
  const { content, usage } = answer;
  let number = 0;
  const event = (type: string, rest: object): Frame => ({
    event: type,
    data: { type, sequence_number: number++, ...rest },
  });
  const item = itemOf(answer);
  yield event('response.created', { response: response(model, 'in_progress', [], null) });
  const at = { output_index: 0, item_id: item.id };
  if (content.kind === 'call') {
    yield event('response.output_item.added', { output_index: 0, item: { ...item, status: 'in_progress' } });
  } else {
    yield event('response.output_item.added', {
      output_index: 0,
      item: { ...item, status: 'in_progress', content: [] },
    });
    const part = { ...at, content_index: 0 };
    yield event('response.content_part.added', { ...part, part: outputText('') });
    for (const delta of pieces(content.text)) yield event('response.output_text.delta', { ...part, delta });
    yield event('response.output_text.done', { ...part, text: content.text });
    yield event('response.content_part.done', { ...part, part: outputText(content.text) });
  }
  yield event('response.output_item.done', { output_index: 0, item });
  yield event('response.completed', { response: response(model, 'completed', [item], usage) });
}

interface Item {
  readonly id: string;
  readonly [field: string]: unknown;
}

function itemOf({ content }: Answer): Item {
  const status = 'completed';
  if (content.kind === 'text') {
    const parts = [outputText(content.text)];
    return { id: `msg_${crypto.randomUUID()}`, type: 'message', role: 'assistant', status, content: parts };
  }
  const { id: callId, call } = content;
  const { name, namespace, kind } = call.tool;
  const item = { id: `fc_${callId}`, call_id: callId, status };
  if (kind === 'search') return { ...item, type: 'tool_search_call', execution: 'client', arguments: call.arguments };
  const named = { ...item, name, ...(namespace === null ? {} : { namespace }) };
  if (kind === 'custom') return { ...named, type: 'custom_tool_call', input: call.arguments['input'] };
  return { ...named, type: 'function_call', arguments: JSON.stringify(call.arguments) };
}

function outputText(text: string): object {
  return { type: 'output_text', text, annotations: [] };
}

function response(model: string, status: string, output: readonly object[], usage: ReportedTokens | null): object {
  return {
    id: `resp_${crypto.randomUUID()}`,
    object: 'response',
    created_at: CREATED_S,
    status,
    model,
    error: null,
    output,
    usage: usage === null ? null : usageOf(usage),
  };
}

function usageOf({ input, cached, cacheWrite, output }: ReportedTokens): object {
  const all = input + cached + cacheWrite;
  return {
    input_tokens: all,
    input_tokens_details: { cached_tokens: cached, cache_write_tokens: cacheWrite },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: all + output,
  };
}
