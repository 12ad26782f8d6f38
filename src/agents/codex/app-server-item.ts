import type { Json } from '../../core/yard-event.ts';
import { at, listAt, textAt } from '../program/json-line.ts';
import type { Emit } from '../program/protocol.ts';
import { resultSummary, toolSummary } from '../program/tool-summary.ts';
import { joined } from './codex-failure.ts';

/** Tells of an item that has begun: the calls among them. */
export function beginItem(item: Json | undefined, emit: Emit): void {
  const call = callOf(item);
  if (call !== null) emit({ kind: 'tool', id: textAt(item, 'id') ?? '', ...call });
}

/** Tells of an item that is complete. @param isOwn it is of the agent itself, not of one that it has started. */
export function completeItem(item: Json | undefined, isOwn: boolean, emit: Emit): void {
  const type = textAt(item, 'type');
  if (type === 'agentMessage') {
    const text = textAt(item, 'text') ?? '';
    if (isOwn && text !== '') emit({ kind: 'text', text });
  } else if (type === 'reasoning') {
    const text = joined(item, 'summary') || joined(item, 'content');
    if (isOwn && text !== '') emit({ kind: 'thinking', text });
  } else if (callOf(item) !== null) {
    emit({ kind: 'tool-result', id: textAt(item, 'id') ?? '', ok: wentWell(item), summary: outcomeOf(item) });
  }
}

/** What an item says as the agent's message; null: it is none. */
export function messageOf(item: Json | undefined): string | null {
  return textAt(item, 'type') === 'agentMessage' ? textAt(item, 'text') : null;
}

function callOf(item: Json | undefined): { readonly name: string; readonly summary: string } | null {
  switch (textAt(item, 'type')) {
    case 'commandExecution':
      return { name: 'shell', summary: toolSummary(item) };
    case 'fileChange':
      return { name: 'apply_patch', summary: pathsOf(item) };
    case 'mcpToolCall': {
      const name = `${textAt(item, 'server') ?? ''}.${textAt(item, 'tool') ?? ''}`;
      return { name, summary: toolSummary(at(item, 'arguments')) };
    }
    case 'dynamicToolCall':
    case 'collabAgentToolCall':
      return { name: textAt(item, 'tool') ?? '', summary: toolSummary(at(item, 'arguments') ?? at(item, 'prompt')) };
    case 'webSearch':
      return { name: 'web_search', summary: toolSummary(item) };
    default:
      return null;
  }
}

function pathsOf(item: Json | undefined): string {
  return listAt(item, 'changes')
    .map((change) => textAt(change, 'path') ?? '')
    .join(' ')
    .slice(0, PATHS_MAX);
}

const PATHS_MAX = 20_000;

function wentWell(item: Json | undefined): boolean {
  const status = textAt(item, 'status');
  if (at(item, 'success') === false || (at(item, 'error') ?? null) !== null) return false;
  const code = at(item, 'exitCode') ?? 0;
  return code === 0 && (status === null || status === 'completed');
}

function outcomeOf(item: Json | undefined): string {
  const output = textAt(item, 'aggregatedOutput') ?? textAt(item, 'error', 'message');
  return resultSummary(output ?? at(item, 'contentItems') ?? at(item, 'result', 'content'));
}
