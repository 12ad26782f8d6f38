import { TOOL_SERVER } from '../../core/tool-definitions.ts';
import type { ToolDefinition } from '../../core/tool-definitions.ts';
import type { Json } from '../../core/yard-event.ts';
import type { IssueTools } from './issue-tools.ts';

/*
 * The part of the Model Context Protocol that a server of tools needs: JSON-RPC 2.0, one message a line, no state. What
 * clients of the newest revision ask first (`server/discover`) is refused like any unknown method, by which they know to
 * go on with `initialize`.
 */

type Id = string | number;
type Fields = { readonly [key: string]: Json };

/** Newest first. */
const REVISIONS = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'] as const;
const INSTRUCTIONS = 'Tools of the task that you work on. End with exactly one of finish, ask_question, request_scope.';

const PARSE_ERROR = -32700;
const INVALID_REQUEST = -32600;
const METHOD_NOT_FOUND = -32601;
const INVALID_PARAMS = -32602;
const ID_CHARS_MAX = 200;

export interface McpAnswer {
  /** Null: there is nothing to say. */
  readonly reply: Fields | null;
  /** It was no message of the protocol. */
  readonly garbage: boolean;
}

/** Answers one line. Never throws for what it says. */
export async function answerMcpLine(line: string, tools: IssueTools): Promise<McpAnswer> {
  let message: Json;
  try {
    message = JSON.parse(line) as Json;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return garbage(PARSE_ERROR, 'not JSON');
  }
  return answerMcp(message, tools);
}

/** Answers one message. Never throws for what it says. */
export async function answerMcp(message: Json | undefined, tools: IssueTools): Promise<McpAnswer> {
  if (!isObject(message)) return garbage(INVALID_REQUEST, 'not an object');
  const { id, method } = message;
  if (typeof method !== 'string') {
    // Answers to what was never asked.
    const isAnswer = 'result' in message || 'error' in message;
    return isAnswer ? silence() : garbage(INVALID_REQUEST, 'no method');
  }
  if (id === undefined) return silence();
  if (!isId(id)) return garbage(INVALID_REQUEST, 'no usable id');
  const params = isObject(message['params']) ? message['params'] : {};
  switch (method) {
    case 'initialize':
      return result(id, initialized(params));
    case 'ping':
      return result(id, {});
    case 'tools/list':
      return result(id, { tools: tools.definitions.map(describe) });
    case 'tools/call': {
      const { name } = params;
      if (typeof name !== 'string') return failure(id, INVALID_PARAMS, 'name is missing');
      const { ok, text } = await tools.call(name, params['arguments']);
      return result(id, { content: [{ type: 'text', text }], isError: !ok });
    }
    default:
      return failure(id, METHOD_NOT_FOUND, 'method not found');
  }
}

function initialized({ protocolVersion }: Fields): Json {
  const agreed = REVISIONS.find((revision) => revision === protocolVersion) ?? REVISIONS[0];
  return {
    protocolVersion: agreed,
    capabilities: { tools: {} },
    serverInfo: { name: TOOL_SERVER, version: '1' },
    instructions: INSTRUCTIONS,
  };
}

function describe({ name, description, inputSchema, readOnly }: ToolDefinition): Json {
  // Programs that ask before they call a tool go by these.
  const annotations = { readOnlyHint: readOnly, destructiveHint: false, openWorldHint: false };
  return { name, description, inputSchema, annotations };
}

function result(id: Id, value: Json): McpAnswer {
  return { reply: { jsonrpc: '2.0', id, result: value }, garbage: false };
}

function failure(id: Id | null, code: number, message: string): McpAnswer {
  return { reply: { jsonrpc: '2.0', id, error: { code, message } }, garbage: false };
}

function garbage(code: number, message: string): McpAnswer {
  return { ...failure(null, code, message), garbage: true };
}

function silence(): McpAnswer {
  return { reply: null, garbage: false };
}

function isObject(value: Json | undefined): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isId(id: Json): id is Id {
  return typeof id === 'number' || (typeof id === 'string' && id.length <= ID_CHARS_MAX);
}
