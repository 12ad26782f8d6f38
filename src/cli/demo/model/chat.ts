import type { Answer, Message, OfferedTool, ReportedTokens } from './conversation.ts';
import { openaiError } from './openai-error.ts';
import { argumentsOf, CREATED_S, object, objects, pieces, string, texts } from './protocol.ts';
import type { Frame, Json, Protocol } from './protocol.ts';

/** OpenAI Chat Completions. */
export const chatProtocol: Protocol = {
  read: (body) => {
    const messages = objects(body['messages']);
    const isSystem = ({ role }: Json): boolean => role === 'system' || role === 'developer';
    return {
      protocol: 'chat',
      model: string(body['model']),
      system: messages
        .filter(isSystem)
        .flatMap(({ content }) => texts(content))
        .join('\n'),
      messages: messages.flatMap(readMessage),
      tools: objects(body['tools']).map(readTool),
    };
  },
  wantsStream: (body) => body['stream'] === true,
  frames,
  whole: (answer, model) => ({
    ...envelope(model, 'chat.completion'),
    choices: [{ index: 0, message: { role: 'assistant', ...said(answer) }, finish_reason: finishReason(answer) }],
    usage: usageOf(answer.usage),
  }),
  errorBody: openaiError,
};

function readMessage({ role, content, tool_calls: calls, tool_call_id: callId }: Json): readonly Message[] {
  if (role === 'user') return texts(content).map((text) => ({ role: 'user', text }));
  if (role === 'tool') return [{ role: 'tool', callId: string(callId), text: texts(content).join('\n') }];
  const isText = role === 'assistant' && objects(calls).length === 0;
  return isText ? [{ role: 'assistant', text: texts(content).join('') }] : [];
}

function readTool({ function: described }: Json): OfferedTool {
  const { name, parameters } = object(described);
  return { name: string(name), namespace: null, kind: 'function', ...argumentsOf(parameters) };
}

function* frames(answer: Answer, model: string): Iterable<Frame> {
  const head = envelope(model, 'chat.completion.chunk');
  const chunk = (delta: object, reason: string | null = null): Frame => ({
    data: { ...head, choices: [{ index: 0, delta, finish_reason: reason }] },
  });
  const { content } = answer;
  yield chunk({ role: 'assistant', content: content.kind === 'text' ? '' : null });
  if (content.kind === 'text') for (const text of pieces(content.text)) yield chunk({ content: text });
  else yield chunk({ tool_calls: [{ index: 0, ...toolCall(content) }] });
  yield chunk({}, finishReason(answer));
  yield { data: { ...head, choices: [], usage: usageOf(answer.usage) } };
  yield { data: '[DONE]' };
}

function envelope(model: string, kind: string): object {
  return { id: `chatcmpl-${crypto.randomUUID()}`, object: kind, created: CREATED_S, model };
}

function said({ content }: Answer): object {
  return content.kind === 'text' ? { content: content.text } : { content: null, tool_calls: [toolCall(content)] };
}

function toolCall({ id, call }: Extract<Answer['content'], { kind: 'call' }>): object {
  return { id, type: 'function', function: { name: call.tool.name, arguments: JSON.stringify(call.arguments) } };
}

function finishReason({ content }: Answer): string {
  return content.kind === 'text' ? 'stop' : 'tool_calls';
}

function usageOf({ input, cached, cacheWrite, output }: ReportedTokens): object {
  const all = input + cached + cacheWrite;
  return {
    prompt_tokens: all,
    completion_tokens: output,
    total_tokens: all + output,
    prompt_tokens_details: { cached_tokens: cached },
  };
}
