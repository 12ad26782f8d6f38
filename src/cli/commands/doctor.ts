import { inertLine } from '../../core/inert.ts';
import { EXIT } from '../context.ts';
import type { CommandContext, ExitCode } from '../context.ts';
import { diagnosisOf, runChecks } from '../doctor/check.ts';
import type { Check, CheckResult } from '../doctor/check.ts';
import { containerChecks } from '../doctor/container-checks.ts';
import { depotChecks } from '../doctor/depot-checks.ts';
import { leaseChecks } from '../doctor/lease-checks.ts';
import { leftoverChecks } from '../doctor/leftover-checks.ts';
import { clockCheck, diskCheck, machineChecks } from '../doctor/machine-checks.ts';
import { Patient } from '../doctor/patient.ts';
import { processChecks } from '../doctor/process-checks.ts';
import { repairAll } from '../doctor/repair.ts';
import type { RepairLine } from '../doctor/repair.ts';
import { repositoryCheck } from '../doctor/repository-check.ts';
import { sandboxCheck } from '../doctor/sandbox-check.ts';
import { settingsChecks } from '../doctor/settings-checks.ts';
import { stateChecks } from '../doctor/state-checks.ts';
import { targetCheck } from '../doctor/target-check.ts';
import { breakerCheck, waitingCheck } from '../doctor/waiting-check.ts';
import type { Style } from '../output.ts';
import { renderTable } from '../table.ts';

const CHECKS: readonly Check[] = [
  ...machineChecks,
  repositoryCheck,
  ...stateChecks,
  ...settingsChecks,
  sandboxCheck,
  targetCheck,
  ...depotChecks,
  ...leaseChecks,
  ...processChecks,
  ...containerChecks,
  ...leftoverChecks,
  clockCheck,
  diskCheck,
  breakerCheck,
  waitingCheck,
];

const DETAIL_MAX = 500;

export interface DoctorOptions {
  readonly json?: boolean;
  readonly repair?: boolean;
}

/** `yard doctor`: looks at what a machine or a person can break. Without `repair` it changes nothing. */
export async function doctorCommand(context: CommandContext, options: DoctorOptions): Promise<ExitCode> {
  const { output } = context;
  const first = await examineAll(context, options.repair === true ? repairAll : null);
  // What counts is how things are afterwards.
  const { results } = first.repairs === null ? first : await examineAll(context, null);
  const repaired = first.repairs;
  if (options.json === true) {
    const diagnosis = diagnosisOf(results)?.id ?? null;
    output.json({ checks: results, diagnosis, ...(repaired === null ? {} : { repaired: doneOf(repaired) }) });
  } else {
    print(context, results);
    if (repaired !== null) printRepairs(context, repaired);
  }
  return results.some(({ status }) => status === 'failure') ? EXIT.failed : EXIT.ok;
}

async function examineAll(
  context: CommandContext,
  repair: typeof repairAll | null,
): Promise<{ readonly results: readonly CheckResult[]; readonly repairs: readonly RepairLine[] | null }> {
  const patient = new Patient(context);
  try {
    const results = await runChecks(CHECKS, patient);
    return { results, repairs: repair === null ? null : await repair(context, CHECKS, results, patient) };
  } finally {
    await patient.dispose();
  }
}

function printRepairs({ output }: CommandContext, repairs: readonly RepairLine[]): void {
  output.print();
  if (repairs.length === 0) output.print('There was nothing that could be repaired here.');
  for (const { id, what, isDone } of repairs) {
    output.print(`${isDone ? 'repaired' : 'not repaired'}: ${id}: ${inertLine(what, DETAIL_MAX)}`);
  }
}

function doneOf(repairs: readonly RepairLine[]): Pick<RepairLine, 'id' | 'what'>[] {
  return repairs.flatMap(({ id, what, isDone }) => (isDone ? [{ id, what }] : []));
}

const STYLES: { readonly [S in CheckResult['status']]: Style } = {
  ok: 'green',
  warning: 'yellow',
  failure: 'red',
  skipped: 'dim',
};

function print({ output }: CommandContext, results: readonly CheckResult[]): void {
  const rows = results.map(({ id, status, detail }) => [status, id, inertLine(detail, DETAIL_MAX)]);
  for (const [index, line] of renderTable(rows, output.isTerminal ? output.width : Infinity).entries()) {
    output.print(output.style(STYLES[results[index]?.status ?? 'ok'], line));
  }
  const diagnosis = diagnosisOf(results);
  output.print();
  if (diagnosis === null) {
    output.print('All is well.');
    return;
  }
  output.print(`${diagnosis.id}: ${inertLine(diagnosis.detail, DETAIL_MAX)}`);
  if (diagnosis.safe !== undefined) output.print(`safe: ${inertLine(diagnosis.safe, DETAIL_MAX)}`);
  output.print(`hint: ${inertLine(diagnosis.remedy, DETAIL_MAX)}`);
}
