import type { AttemptOutcome } from './attempt.ts';
import { impossible } from './impossible.ts';
import type { TaskEvent } from './task-event.ts';

/**
 * The decision table: what an attempt's outcome means for its task. Whether a retry is left is `step`'s to know.
 * Null: the outcome was already told to the task by whoever caused it (a cancellation).
 */
export function decide(outcome: AttemptOutcome, atMs: number): TaskEvent | null {
  switch (outcome.kind) {
    case 'accepted':
      return { kind: 'accepted', head: outcome.head };
    case 'gate-red':
      return { kind: 'product-failure', why: `the gate is red: ${outcome.summary}` };
    case 'audit-needs-fix':
      return { kind: 'product-failure', why: `the audit asks for changes: ${outcome.summary}` };
    case 'scope':
      return {
        kind: 'product-failure',
        why: `it changed ${listPaths(outcome.violations.map((v) => v.path))} outside its scope`,
      };
    case 'no-change':
      return { kind: 'product-failure', why: 'the agent changed nothing' };
    case 'no-packet':
      return { kind: 'product-failure', why: outcome.why };
    case 'question':
      return { kind: 'person-needed', on: { kind: 'question', text: outcome.text } };
    case 'needs-approval':
      return {
        kind: 'person-needed',
        on: { kind: 'approval', head: outcome.head, hash: outcome.hash, paths: outcome.paths },
      };
    case 'provider':
      if (outcome.pool !== undefined) return { kind: 'postponed', why: outcome.why, pool: outcome.pool };
      return { kind: 'infrastructure-failure', why: outcome.why, atMs, retryAtMs: outcome.retryAtMs, collected: null };
    case 'budget':
      return { kind: 'postponed', why: outcome.why, pool: null };
    case 'conflict':
      return { kind: 'product-failure', why: outcome.why };
    case 'infrastructure':
      return { kind: 'infrastructure-failure', why: outcome.why, atMs, retryAtMs: null, collected: null };
    case 'integrity':
    case 'policy':
      return { kind: 'integrity-failure', why: outcome.why };
    case 'lost':
      return { kind: 'lease-lost', why: outcome.why, atMs, together: outcome.together === true, collected: null };
    case 'cancelled':
      return null;
    default:
      throw impossible(outcome satisfies never);
  }
}

/** `a, b, c and 4 more`. */
export function listPaths(paths: readonly string[], most = 3): string {
  const shown = paths.slice(0, most).join(', ');
  return paths.length > most ? `${shown} and ${paths.length - most} more` : shown;
}
