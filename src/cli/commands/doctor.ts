import { inertLine } from '../../core/inert.ts';
import { EXIT } from '../context.ts';
import type { CommandContext, ExitCode } from '../context.ts';
import { diagnosisOf, runChecks } from '../doctor/check.ts';
import type { Check, CheckResult } from '../doctor/check.ts';
import { leaseChecks } from '../doctor/lease-checks.ts';
import { diskCheck, machineChecks } from '../doctor/machine-checks.ts';
import { Patient } from '../doctor/patient.ts';
import { repositoryCheck } from '../doctor/repository-check.ts';
import { settingsChecks } from '../doctor/settings-checks.ts';
import { stateChecks } from '../doctor/state-checks.ts';
import { targetCheck } from '../doctor/target-check.ts';
import type { Style } from '../output.ts';
import { renderTable } from '../table.ts';

const CHECKS: readonly Check[] = [
  ...machineChecks,
  repositoryCheck,
  ...stateChecks,
  ...settingsChecks,
  targetCheck,
  ...leaseChecks,
  diskCheck,
];

const DETAIL_MAX = 500;

/** `yard doctor`: looks at what a machine or a person can break, and changes nothing. */
export async function doctorCommand(context: CommandContext, options: { readonly json?: boolean }): Promise<ExitCode> {
  const { output } = context;
  const patient = new Patient(context);
  try {
    const results = await runChecks(CHECKS, patient);
    if (options.json === true) output.json({ checks: results, diagnosis: diagnosisOf(results)?.id ?? null });
    else print(context, results);
    return results.some(({ status }) => status === 'failure') ? EXIT.failed : EXIT.ok;
  } finally {
    await patient.dispose();
  }
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
  output.print(`hint: ${inertLine(diagnosis.remedy, DETAIL_MAX)}`);
}
