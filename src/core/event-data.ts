import type { AttemptOutcome } from './attempt.ts';
import type { TaskEvent } from './task-event.ts';
import type { TaskState } from './task-state.ts';
import type { Json, YardEvent } from './yard-event.ts';

// What stands in the data of an event. An older version may have written less: what is missing reads as nothing.

/** The value of a key; undefined where the data has none. */
export function valueOf(data: Json, key: string): Json | undefined {
  return isMap(data) ? data[key] : undefined;
}

export function textOf(data: Json, key: string): string {
  const value = valueOf(data, key);
  return typeof value === 'string' ? value : '';
}

/** Of an `attempt.finished`. */
export function outcomeOf({ data }: YardEvent): AttemptOutcome | null {
  const outcome = valueOf(data, 'outcome');
  return outcome !== undefined && isMap(outcome) ? (outcome as unknown as AttemptOutcome) : null;
}

function isMap(data: Json): data is { readonly [key: string]: Json } {
  return data !== null && typeof data === 'object' && !Array.isArray(data);
}

/** Of an attempt that begins at its gate, that it does: `entry` of a `task.leased`. */
export function entryOf({ kind }: TaskEvent, state: TaskState): { readonly entry?: 'gating' } {
  return kind === 'leased' && state.status === 'running' && state.entry.phase === 'gating' ? { entry: 'gating' } : {};
}
