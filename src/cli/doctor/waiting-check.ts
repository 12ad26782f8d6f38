import type { TaskRow } from '../../store/store.ts';
import { counted } from '../table.ts';
import { ok, warning } from './check.ts';
import type { Check, Finding } from './check.ts';
import type { Patient } from './patient.ts';

/** What only a person can bring on: a machine that is well is not all there is to a run. */
export const waitingCheck: Check = {
  id: 'waiting',
  needs: ['store'],
  examine: async (patient) => examineWaiting(patient.know('rows'), await stopOf(patient)),
};

/** Too many failures in a row: nothing starts. */
export const breakerCheck: Check = {
  id: 'breaker',
  needs: ['store'],
  examine: async (patient) => {
    const { reader, pin } = patient.know('reading');
    const { failuresInARow } = await reader.control();
    const limit = pin?.config.limits.consecutiveFailures ?? null;
    const failed = `${counted(failuresInARow, 'attempt')} failed in a row`;
    if (limit === null || failuresInARow < limit) return ok(failuresInARow === 0 ? 'closed' : `closed, ${failed}`);
    return warning(
      `${failed} (limit ${limit}), so nothing starts`,
      'Look at them with: yard breaker. Go on with: yard breaker reset && yard run',
      'Their work is kept.',
    );
  },
};

const NAMED_MAX = 5;

async function stopOf(patient: Patient): Promise<string | null> {
  const { stopped } = await patient.know('reading').reader.control();
  return stopped === null ? null : `the yard is stopped by ${stopped.by}: ${stopped.why}`;
}

function examineWaiting(rows: readonly TaskRow[], stopped: string | null): Finding {
  const parked = rows.filter(({ state }) => state.status === 'parked').map(({ id }) => id);
  const asked = rows.filter(({ state }) => state.status === 'blocked').map(({ id }) => id);
  const parts = [
    ...(stopped === null ? [] : [stopped]),
    ...(parked.length === 0 ? [] : [`${parked.length} parked (${listOf(parked)})`]),
    ...(asked.length === 0 ? [] : [`${asked.length} with an open question or approval (${listOf(asked)})`]),
  ];
  if (parts.length === 0) return ok('nothing waits for a person');
  return warning(parts.join('; '), 'See why with: yard status, yard why ID', 'Their work is kept.');
}

function listOf(ids: readonly string[]): string {
  const more = ids.length > NAMED_MAX ? `, and ${ids.length - NAMED_MAX} more` : '';
  return `${ids.slice(0, NAMED_MAX).join(', ')}${more}`;
}
