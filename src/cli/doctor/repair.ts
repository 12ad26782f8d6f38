import { UserError } from '../../core/user-error.ts';
import { findMarkedBelow } from '../../process/tree.ts';
import { ContainerRegister } from '../../sandbox/container-register.ts';
import { Scheduler } from '../../reconcile/scheduler.ts';
import type { LocalYard } from '../../reconcile/yard.ts';
import { isHeld } from '../../store/lease-holder.ts';
import { schedulerOf } from '../schedule/scheduler.ts';
import { EXIT } from '../context.ts';
import type { CommandContext } from '../context.ts';
import type { Check, CheckResult } from './check.ts';
import type { Patient } from './patient.ts';

/** One thing that was done, or tried without success. */
export interface RepairLine {
  readonly id: string;
  readonly what: string;
  readonly isDone: boolean;
}

/**
 * Repairs what the checks found, under the scheduler's lease, so that no run works on the same things meanwhile.
 *
 * @throws UserError `scheduler-held`, and what stands in the way of opening the yard.
 */
export async function repairAll(
  context: CommandContext,
  checks: readonly Check[],
  results: readonly CheckResult[],
  patient: Patient,
): Promise<RepairLine[]> {
  const unwell = new Set(results.flatMap(({ id, status }) => (status === 'pass' || status === 'skip' ? [] : [id])));
  const wanted = checks.filter(({ id, repair }) => repair !== undefined && unwell.has(id));
  if (wanted.length === 0) {
    await refuseBesideARun(patient);
    return [];
  }
  const yard = await context.compose.yard(context.cwd);
  try {
    const acquired = await Scheduler.acquire(yard, () => undefined);
    if (acquired.kind === 'held') throw heldBy(acquired.lease.owner?.pid);
    try {
      const hands = { yard, quiet: () => isQuiet(yard) };
      const lines: RepairLine[] = [];
      for (const check of wanted) {
        for (const line of (await check.repair?.(patient, hands)) ?? []) {
          const isDone = typeof line === 'string';
          lines.push({ id: check.id, what: isDone ? line : line.notRepaired, isDone });
        }
      }
      const done = lines.filter(({ isDone }) => isDone);
      if (done.length > 0)
        await yard.store.note('yard.repaired', { repairs: done.map(({ id, what }) => `${id}: ${what}`) });
      return lines;
    } finally {
      await acquired.scheduler.release();
    }
  } finally {
    await yard.store.close();
  }
}

/** What needs no repair now may need one as soon as whoever drives the yard has gone on. */
async function refuseBesideARun(patient: Patient): Promise<void> {
  const reader = patient.may('reading')?.reader ?? null;
  const scheduler = reader === null ? null : await schedulerOf(reader, patient.context.compose.clock);
  if (scheduler !== null) throw heldBy(scheduler.pid);
}

/** No other process works for this yard. */
async function isQuiet({ store, host, stateDirectory }: LocalYard): Promise<boolean> {
  const leases = await store.leases();
  if (leases.some((lease) => lease.resource !== 'scheduler' && isHeld(lease, host))) return false;
  if (new ContainerRegister(stateDirectory).records().length > 0) return false;
  return findMarkedBelow(`${stateDirectory}:`).length === 0;
}

function heldBy(pid: number | undefined): UserError {
  return new UserError({
    code: 'scheduler-held',
    message: `nothing was repaired: process ${pid ?? 'unknown'} drives this yard`,
    hint: 'End it with Ctrl-C or SIGTERM (what runs goes on by itself), then: yard doctor --repair',
    exitCode: EXIT.failed,
  });
}
