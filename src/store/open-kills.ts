import type { OpenKill } from '../core/snapshot.ts';
import type { IntentRecord } from './store.ts';

/** The kills among open intents. */
export function openKills(intents: readonly IntentRecord[]): OpenKill[] {
  return intents.flatMap(({ id, intent }) =>
    intent.kind === 'kill' ? [{ intentId: id, subject: intent.subject }] : [],
  );
}
