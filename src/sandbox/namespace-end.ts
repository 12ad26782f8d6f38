import { setTimeout as delay } from 'node:timers/promises';

import { CELL_HOLDER } from '../process/cell-holder.ts';
import { systemClock } from '../process/clock.ts';
import { readNames, readRow } from '../process/table.ts';

const PATIENCE_MS = 5_000;
const POLL_MS = 2;

/**
 * bwrap ends as soon as its command has, and leaves it to the kernel to end what else is in the cell. The first process
 * of the cell is the last one to go: when it has gone, nothing runs there any more.
 *
 * @param report what bwrap said of itself: `{ "child-pid": 42, … }`.
 * @returns its pid, when it does not go.
 */
export async function awaitNamespaceEnd(report: string): Promise<readonly number[]> {
  const pid = Number(/"child-pid": *(\d+)/.exec(report)?.[1] ?? 0);
  if (pid === 0) return [];
  const deadlineMs = systemClock.monotonicMs() + PATIENCE_MS;
  // A pid that was given away again is hardly one of that name, too.
  while (readRow(pid)?.alive === true && readNames([pid]).get(pid) === CELL_HOLDER) {
    if (systemClock.monotonicMs() > deadlineMs) return [pid];
    await delay(POLL_MS);
  }
  return [];
}
