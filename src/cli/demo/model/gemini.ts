import type { Answer, Conversation, Message, OfferedTool } from './conversation.ts';
import { argumentsOf, object, objects, pieces, string, texts } from './protocol.ts';
import type { Frame, Json, Protocol } from './protocol.ts';

/** Gemini: the name of the model and whether it streams stand in the path. */
export const geminiProtocol: Protocol = {
  read: (body, path): Conversation => ({
    protocol: 'gemini',
    model: /\/models\/([^/:]+):/u.exec(path)?.[1] ?? '',
    system: texts(object(body['systemInstruction'])['parts']).join('\n'),
    messages: objects(body['contents']).flatMap(readContent),
    tools: objects(body['tools'])
      .flatMap(({ functionDeclarations }) => objects(functionDeclarations))
      .map(readTool),
  }),
  wantsStream: (_, path) => path.endsWith(':streamGenerateContent'),
  *frames(answer, model): Iterable<Frame> {
    const { content } = answer;
    if (content.kind === 'text') {
      for (const text of pieces(content.text)) yield { data: candidate(model, [{ text }]) };
      yield { data: whole(answer, model, [{ text: '' }]) };
    } else yield { data: whole(answer, model) };
  },
  whole,
  errorBody: (status) => ({
    error: { code: status, message: `stub ${status}`, status: STATUSES[status] ?? 'INTERNAL' },
  }),
};

const STATUSES: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  429: 'RESOURCE_EXHAUSTED',
  503: 'UNAVAILABLE',
};

function readContent({ role, parts: list }: Json): readonly Message[] {
  const parts = objects(list);
  if (role === 'model') {
    const text = texts(parts.filter(({ thought }) => thought !== true)).join('');
    return parts.some(({ functionCall }) => functionCall !== undefined) ? [] : [{ role: 'assistant', text }];
  }
  return parts.flatMap((part): readonly Message[] => {
    if (part['functionResponse'] === undefined)
      return typeof part['text'] === 'string' ? [{ role: 'user', text: part['text'] }] : [];
    const { id, response } = object(part['functionResponse']);
    return [{ role: 'tool', callId: string(id), text: Object.values(object(response)).map(string).join('\n') }];
  });
}

function readTool({ name, parametersJsonSchema, parameters }: Json): OfferedTool {
  return { name: string(name), namespace: null, kind: 'function', ...argumentsOf(parametersJsonSchema ?? parameters) };
}

function candidate(model: string, parts: readonly object[]): object {
  return { candidates: [{ content: { role: 'model', parts }, index: 0 }], modelVersion: model };
}

function whole(answer: Answer, model: string, parts: readonly object[] = [partOf(answer)]): object {
  const { input, cached, cacheWrite, output } = answer.usage;
  const all = input + cached + cacheWrite;
  return {
    candidates: [{ content: { role: 'model', parts }, finishReason: 'STOP', index: 0 }],
    usageMetadata: {
      promptTokenCount: all,
      cachedContentTokenCount: cached,
      candidatesTokenCount: output,
      totalTokenCount: all + output,
    },
    modelVersion: model,
    responseId: crypto.randomUUID(),
  };
}

function partOf({ content }: Answer): object {
  if (content.kind === 'text') return { text: content.text };
  return { functionCall: { id: content.id, name: content.call.tool.name, args: content.call.arguments } };
}
