import type { Json } from './yard-event.ts';

/** The structured report of an attempt's work. It never decides anything. */
export interface Packet {
  /** `host`: made by Yardmaster for an agent that reports nothing but its exit code. */
  readonly source: 'agent' | 'host';
  readonly summary: string;
  readonly tests: readonly string[];
  readonly commands: readonly string[];
  readonly blockers: readonly string[];
}

/** What a report must be of to be taken. */
export interface Binding {
  readonly taskId: string;
  readonly attempt: number;
  readonly token: number;
}

/** The first of `task`, `attempt` and `token` that is given and not the one of this attempt. */
export function foreignKey(fields: { readonly [key: string]: Json }, binding: Binding): string | null {
  if (fields['task'] !== undefined && fields['task'] !== binding.taskId) return 'task';
  if (fields['attempt'] !== undefined && fields['attempt'] !== binding.attempt) return 'attempt';
  if (fields['token'] !== undefined && fields['token'] !== binding.token) return 'token';
  return null;
}
