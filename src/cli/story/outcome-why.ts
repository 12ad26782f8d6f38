import type { AttemptOutcome } from '../../core/attempt.ts';
import { decide } from '../../core/decision.ts';

/** Why an attempt ended as it did, in the words that the task was told; null where the outcome says it all. */
export function outcomeWhy(outcome: AttemptOutcome): string | null {
  if (outcome.kind === 'question') return outcome.text;
  const event = decide(outcome, 0);
  if (event?.kind === 'person-needed' && event.on.kind === 'approval') return event.on.paths.join(', ');
  return event !== null && 'why' in event ? event.why : null;
}
