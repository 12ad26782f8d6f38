import { impossible } from '../core/impossible.ts';
import { failureWord } from '../core/provider-failure.ts';
import type { AgentEvent } from './agent.ts';

const SUMMARY_MAX = 2_000;

/** What a person is shown of an event; null: nothing. */
export function transcriptLine(event: Exclude<AgentEvent, { readonly kind: 'started' | 'ended' }>): string | null {
  switch (event.kind) {
    case 'text':
      return event.text;
    case 'thinking':
      return event.text.trim() === '' ? null : `(thinks) ${event.text}`;
    case 'tool':
      return `> ${event.name} ${event.summary.slice(0, SUMMARY_MAX)}`.trimEnd();
    case 'tool-result':
      return `${event.ok ? '<' : '< failed:'} ${event.summary.slice(0, SUMMARY_MAX)}`.trimEnd();
    case 'plan':
      return event.entries.map((entry) => `- ${entry}`).join('\n');
    case 'rate-limit': {
      const { status } = event.failure;
      const delay = event.delayMs === null ? '' : `, tries again in ${Math.ceil(event.delayMs / 1000)} s`;
      return `[provider: ${failureWord(event.failure)}${status === null ? '' : ` (${status})`}${delay}]`;
    }
    case 'question':
      return `[asks] ${event.text}`;
    case 'told':
      return `[told] ${event.text}`;
    case 'error':
      return `[error] ${event.message}`;
    case 'session':
    case 'usage':
      return null;
    default:
      throw impossible(event satisfies never);
  }
}
