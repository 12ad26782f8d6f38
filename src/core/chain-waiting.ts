import type { Waiting } from './waiting.ts';

/** A reason that holds back an agent, not a task. */
export type AgentWaiting = Waiting & ({ readonly reason: 'pool' } | { readonly reason: 'paused' });

/** Of all that a task waits for, what holds back the agents of its chain; none: it has but one, or one could start. */
export function chainWaiting(waiting: readonly Waiting[]): readonly AgentWaiting[] {
  const ofAgents = waiting.filter(isOfAgent);
  return ofAgents.length > 1 ? ofAgents : [];
}

function isOfAgent(entry: Waiting): entry is AgentWaiting {
  return entry.reason === 'pool' || (entry.reason === 'paused' && entry.subject.of === 'agent');
}
