import { describePauseSubject } from '../../core/pause.ts';
import type { TaskRow } from '../../store/store.ts';
import { counted } from '../terminal/table.ts';
import { pass, warn } from './check.ts';
import type { Check, Finding } from './check.ts';
import type { Patient } from './patient.ts';

/** What only a person can bring on: a machine that is well is not all there is to a run. */
export const waitingCheck: Check = {
  id: 'waiting',
  requires: ['store'],
  looksAt: ['reading'],
  examine: async (patient) => examineWaiting(patient.know('rows'), await heldBy(patient)),
};

/** Too many failures in a row: nothing starts. */
export const breakerCheck: Check = {
  id: 'breaker',
  requires: ['store'],
  looksAt: ['reading'],
  examine: async (patient) => {
    const { reader, pin } = patient.know('reading');
    const { failuresInARow } = await reader.control();
    const limit = pin?.config.limits.consecutiveFailures ?? null;
    const failed = `${counted(failuresInARow, 'attempt')} failed in a row`;
    if (limit === null || failuresInARow < limit) return pass(failuresInARow === 0 ? 'closed' : `closed, ${failed}`);
    return warn(
      `${failed} (limit ${limit}), so nothing starts`,
      'Look at them with: yard breaker. Go on with: yard breaker reset && yard run',
      'Their work is kept.',
    );
  },
};

const NAMED_MAX = 5;

/** What a person holds back. */
async function heldBy(patient: Patient): Promise<string[]> {
  const { stopped, pauses } = await patient.know('reading').reader.control();
  return [
    ...(stopped === null ? [] : [`the yard is stopped by ${stopped.by}: ${stopped.why}`]),
    ...pauses.map(({ subject, by, why }) => `${describePauseSubject(subject)} is paused by ${by}: ${why}`),
  ];
}

function examineWaiting(rows: readonly TaskRow[], held: readonly string[]): Finding {
  const parked = rows.filter(({ state }) => state.status === 'parked').map(({ id }) => id);
  const asked = rows.filter(({ state }) => state.status === 'blocked').map(({ id }) => id);
  const parts = [
    ...held,
    ...(parked.length === 0 ? [] : [`${parked.length} parked (${listOf(parked)})`]),
    ...(asked.length === 0 ? [] : [`${asked.length} with an open question or approval (${listOf(asked)})`]),
  ];
  if (parts.length === 0) return pass('nothing waits for a person');
  return warn(parts.join('; '), 'See why with: yard status, yard why ID', 'Their work is kept.');
}

function listOf(ids: readonly string[]): string {
  const more = ids.length > NAMED_MAX ? `, and ${ids.length - NAMED_MAX} more` : '';
  return `${ids.slice(0, NAMED_MAX).join(', ')}${more}`;
}
