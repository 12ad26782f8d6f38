import { isFinal } from '../core/task-state.ts';
import type { KnownTask, SourcedTask } from '../trackers/tracker.ts';

/** A task of the store; a `TaskRow` is one. */
export type AssignedTask = KnownTask & { readonly agent: string | null };

/** The chains that tasks name which are not done, as the next import leaves them; the defaults are not among them. */
export function namedAgents(rows: readonly AssignedTask[], imports: readonly SourcedTask[]): string[] {
  const agents = new Map<string, string | null>();
  for (const { id, agent, state } of rows) if (!isFinal(state.status)) agents.set(id, agent);
  for (const { spec } of imports) agents.set(spec.id, spec.agent);
  return [...new Set([...agents.values()].filter((agent) => agent !== null))];
}
