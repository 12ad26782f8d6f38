import type { Json } from '../../core/yard-event.ts';
import type { Turn } from '../agent.ts';
import { at, listAt, textAt } from '../program/json-line.ts';
import type { JsonObject } from '../program/json-line.ts';
import type { Emit } from '../program/protocol.ts';

/**
 * The answer to what the app-server asks of its client. It waits for one, so that there always is one. It is started so
 * that it asks for no approval: a cell holds it, or its own sandbox, and what that refuses stays refused.
 */
export async function answerRequest(
  method: string,
  params: Json | undefined,
  tools: Turn['tools'],
  emit: Emit,
): Promise<JsonObject> {
  switch (method) {
    case 'item/tool/call': {
      const name = textAt(params, 'tool') ?? '';
      const reply = tools === null ? NO_TOOLS : await tools.call(name, at(params, 'arguments'));
      return { result: { success: reply.ok, contentItems: [{ type: 'inputText', text: reply.text }] } };
    }
    case 'item/commandExecution/requestApproval':
    case 'item/fileChange/requestApproval':
      return { result: { decision: 'decline' } };
    case 'item/permissions/requestApproval':
      return { result: { permissions: {} } };
    case 'mcpServer/elicitation/request':
      return { result: { action: 'decline' } };
    case 'item/tool/requestUserInput':
      for (const question of listAt(params, 'questions')) {
        emit({ kind: 'question', text: textAt(question, 'question') ?? '' });
      }
      return { result: { answers: {} } };
    default:
      return { error: { code: METHOD_NOT_FOUND, message: 'nobody is here to answer' } };
  }
}

const NO_TOOLS = { ok: false, text: 'There are no tools in this turn.' } as const;
const METHOD_NOT_FOUND = -32_601;
