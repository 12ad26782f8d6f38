import { LEDGER_TYPES } from '../../core/ledger.ts';
import { needOfTask, needsOfPools, needsOfYard } from '../../core/need.ts';
import type { Need } from '../../core/need.ts';
import { makeReport } from '../../core/report.ts';
import type { Range, Report } from '../../core/report.ts';
import { compareIds } from '../../core/frontier.ts';
import type { StoreReader } from '../../store/store.ts';
import { findRemedy } from '../waiting/remedy.ts';
import type { Remedy } from '../waiting/remedy.ts';
import { readLedger } from './read-range.ts';

/** Attempts of so many parked tasks are read. */
const REMEDIES_MAX = 200;

/** The report of a range. @param failuresLimit of failures in a row; null before the first run. */
export async function reportOf(reader: StoreReader, range: Range, failuresLimit: number | null): Promise<Report> {
  const ledger = await readLedger(reader, range, LEDGER_TYPES);
  const named = [...ledger.landed.map(({ taskId }) => taskId), ...ledger.parked.keys()];
  const headlines = await reader.headlines([...new Set(named)]);
  return makeReport(ledger, range, { headlines, waiting: await waitingNow(reader, failuresLimit) });
}

/** What waits for a person: the yard's own first, then tasks, those that ask before those that are parked. */
async function waitingNow(reader: StoreReader, failuresLimit: number | null): Promise<Need[]> {
  const rows = await reader.rows(['blocked', 'parked']);
  const sorted = rows.toSorted((a, b) => compareIds(a.id, b.id));
  const parked = sorted.filter(({ state }) => state.status === 'parked').slice(0, REMEDIES_MAX);
  const remedies = new Map<string, Remedy | null>();
  for (const task of parked) remedies.set(task.id, await findRemedy(reader, task));
  const ofTasks = sorted.flatMap((task): Need[] => {
    const need = needOfTask(task);
    return need === null ? [] : [{ ...need, commands: remedies.get(task.id)?.commands ?? need.commands }];
  });
  return [
    ...needsOfYard(await reader.control(), failuresLimit),
    ...needsOfPools((await reader.spending()).pools),
    ...ofTasks.filter(({ kind }) => kind !== 'parked'),
    ...ofTasks.filter(({ kind }) => kind === 'parked'),
  ];
}
