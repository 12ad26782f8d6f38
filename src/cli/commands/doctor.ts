import { inertLine } from '../../core/inert.ts';
import { EXIT } from '../context.ts';
import type { CommandContext, ExitCode } from '../context.ts';
import { chooseChecks, diagnosisOf, runChecks } from '../doctor/check.ts';
import type { Check, CheckResult } from '../doctor/check.ts';
import { containerChecks } from '../doctor/container-checks.ts';
import { depotChecks } from '../doctor/depot-checks.ts';
import { gateRunCheck, withGateRun } from '../doctor/gate-check.ts';
import { graphCheck } from '../doctor/graph-check.ts';
import { hygieneCheck } from '../doctor/hygiene-check.ts';
import { leaseChecks } from '../doctor/lease-checks.ts';
import { leftoverChecks } from '../doctor/leftover-checks.ts';
import { clockCheck, diskCheck, machineChecks } from '../doctor/machine-checks.ts';
import { notifyCheck } from '../doctor/notify-check.ts';
import { Patient } from '../doctor/patient.ts';
import { pinsCheck } from '../doctor/pin-checks.ts';
import { processChecks } from '../doctor/process-checks.ts';
import { processControlCheck } from '../doctor/process-control-check.ts';
import { repairAll } from '../doctor/repair.ts';
import type { RepairLine } from '../doctor/repair.ts';
import type { DoctorReport } from '../doctor/report.ts';
import { repositoryCheck } from '../doctor/repository-check.ts';
import { sandboxCheck } from '../doctor/sandbox-check.ts';
import { settingsChecks } from '../doctor/settings-checks.ts';
import { stateDirectoryCheck, storeCheck } from '../doctor/state-checks.ts';
import { targetCheck } from '../doctor/target-check.ts';
import { versionCheck } from '../doctor/version-check.ts';
import { breakerCheck, waitingCheck } from '../doctor/waiting-check.ts';
import type { Style } from '../terminal/output.ts';
import { tableRows } from '../terminal/table.ts';

/**
 * In the order in which a person would mend them: what everything stands on comes first.
 */
const CHECKS: readonly Check[] = [
  ...machineChecks,
  processControlCheck,
  repositoryCheck,
  versionCheck,
  stateDirectoryCheck,
  pinsCheck,
  storeCheck,
  ...settingsChecks,
  sandboxCheck,
  targetCheck,
  ...depotChecks,
  ...leaseChecks,
  ...processChecks,
  ...containerChecks,
  ...leftoverChecks,
  clockCheck,
  notifyCheck,
  diskCheck,
  gateRunCheck,
  hygieneCheck,
  breakerCheck,
  waitingCheck,
  graphCheck,
];

/** In the order in which they are run. */
export function checkIds(): string[] {
  return CHECKS.map(({ id }) => id);
}

const DETAIL_MAX = 500;
const MESSAGE_MAX = 4_000;

export interface DoctorOptions {
  readonly json?: boolean;
  readonly repair?: boolean;
  readonly quick?: boolean;
}

/**
 * `yard doctor [CHECK…]`: looks at what a machine or a person can break. Without `repair` it changes nothing but what a
 * gate that runs leaves in the state directory: a verdict, and a log.
 */
export async function doctorCommand(
  context: CommandContext,
  ids: readonly string[],
  options: DoctorOptions,
): Promise<ExitCode> {
  const { output } = context;
  const checks = chooseChecks(CHECKS, ids);
  const quick = options.quick === true;
  const first = await examineAll(context, checks, {
    quick,
    runsGates: !quick,
    repair: options.repair === true ? repairAll : null,
  });
  const { repairs } = first;
  // What counts is how things are afterwards. A gate is not run for that a second time.
  const results =
    repairs === null || repairs.length === 0
      ? first.results
      : withGateRun(
          (await examineAll(context, checks, { quick, runsGates: false, repair: null })).results,
          first.results,
        );
  if (options.json === true) output.json(reportOf(results, repairs));
  else {
    print(context, results, { quick });
    if (repairs !== null) printRepairs(context, repairs);
  }
  return results.some(({ status }) => status === 'fail') ? EXIT.failed : EXIT.ok;
}

function reportOf(results: readonly CheckResult[], repairs: readonly RepairLine[] | null): DoctorReport {
  const count = (wanted: CheckResult['status']): number => results.filter(({ status }) => status === wanted).length;
  const lines = (isDone: boolean): { id: string; what: string }[] =>
    (repairs ?? []).filter((line) => line.isDone === isDone).map(({ id, what }) => ({ id, what }));
  return {
    ok: count('fail') === 0,
    diagnosis: diagnosisOf(results)?.id ?? null,
    summary: { pass: count('pass'), warn: count('warn'), fail: count('fail'), skip: count('skip') },
    checks: [...results],
    ...(repairs === null ? {} : { repaired: lines(true), notRepaired: lines(false) }),
  };
}

async function examineAll(
  context: CommandContext,
  checks: readonly Check[],
  {
    quick,
    runsGates,
    repair,
  }: { readonly quick: boolean; readonly runsGates: boolean; readonly repair: typeof repairAll | null },
): Promise<{ readonly results: readonly CheckResult[]; readonly repairs: readonly RepairLine[] | null }> {
  const patient = new Patient(context, { quick, runsGates });
  try {
    const results = await runChecks(checks, patient);
    return { results, repairs: repair === null ? null : await repair(context, checks, results, patient) };
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

const STYLES: { readonly [S in CheckResult['status']]: Style } = {
  pass: 'green',
  warn: 'yellow',
  fail: 'red',
  skip: 'dim',
};

function print({ output }: CommandContext, results: readonly CheckResult[], { quick }: { quick: boolean }): void {
  const rows = results.map(({ id, status, message }) => [status, id, inertLine(message, DETAIL_MAX)]);
  for (const [index, lines] of tableRows(rows, output.isTerminal ? output.width : Infinity).entries()) {
    for (const line of lines) output.print(output.style(STYLES[results[index]?.status ?? 'pass'], line));
  }
  const diagnosis = diagnosisOf(results);
  output.print();
  if (diagnosis === null) {
    output.print(quick ? 'All is well, as far as --quick looks.' : 'All is well.');
    return;
  }
  output.print(`${diagnosis.id}: ${inertLine(diagnosis.message, MESSAGE_MAX)}`);
  if (diagnosis.safe !== undefined) output.print(`safe: ${inertLine(diagnosis.safe, DETAIL_MAX)}`);
  output.print(`hint: ${inertLine(diagnosis.remedy, MESSAGE_MAX)}`);
  for (const line of diagnosis.tail ?? []) output.print(`  ${inertLine(line, MESSAGE_MAX)}`);
}
