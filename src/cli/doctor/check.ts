import { nearest } from '../../core/nearest.ts';
import { formatPlace, isUserError, UserError } from '../../core/user-error.ts';
import type { LocalYard } from '../../reconcile/yard.ts';
import type { FactName, Patient } from './patient.ts';

/** What a check came to. */
export type Finding =
  | { readonly status: 'pass' | 'skip'; readonly message: string }
  | {
      readonly status: 'warn' | 'fail';
      readonly message: string;
      readonly remedy: string;
      /** What is not lost by it. */
      readonly safe?: string;
      /** Where a log says more: its last lines. */
      readonly tail?: readonly string[];
    };

/** One thing that a machine or a person can break. */
export interface Check {
  readonly id: string;
  /** Checks before it that must have been well (a warning is well enough) for this one to say anything. */
  readonly requires: readonly string[];
  /** What it looks at. A yard that has not run yet has none of it, and is well without. */
  readonly looksAt?: readonly FactName[];
  /** Changes nothing. A `UserError` that it throws is the failure. */
  examine(patient: Patient): Promise<Finding>;
  /**
   * Mends what `examine` found, as far as that can lose nothing, and says what it did, a line each. Called with the
   * scheduler's lease in hand.
   */
  readonly repair?: (patient: Patient, hands: Hands) => Promise<readonly (string | NotRepaired)[]>;
}

/** Said of what a repair tried, and could not mend. */
export interface NotRepaired {
  readonly notRepaired: string;
}

/** What a repair works with. */
export interface Hands {
  readonly yard: LocalYard;
  /** No attempt, gate or train is at work: what they use may be touched. */
  readonly quiet: () => Promise<boolean>;
}

export type CheckResult = { readonly id: string; readonly requires: readonly string[] } & Finding;

/** Said of what the first run makes. */
export const NEVER_RAN = 'the yard has not run yet';

export function pass(message: string): Finding {
  return { status: 'pass', message };
}

export function skip(message: string): Finding {
  return { status: 'skip', message };
}

export function warn(message: string, remedy: string, safe?: string): Finding {
  return { status: 'warn', message, remedy, ...(safe === undefined ? {} : { safe }) };
}

export function fail(message: string, remedy: string, safe?: string): Finding {
  return { status: 'fail', message, remedy, ...(safe === undefined ? {} : { safe }) };
}

/**
 * Runs the checks in their order. One that failed makes all skip that require it, whatever lies between: the first failure
 * is the thing to mend, and not one of twenty.
 */
export async function runChecks(checks: readonly Check[], patient: Patient): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  /** Of a check that failed, or could say nothing because another did: the one that failed. */
  const causes = new Map<string, string>();
  for (const check of checks) {
    const cause = check.requires.map((id) => causes.get(id)).find((id) => id !== undefined) ?? null;
    const finding = cause === null ? await examine(check, patient) : skip(`${cause} failed`);
    if (finding.status === 'fail') causes.set(check.id, check.id);
    else if (cause !== null) causes.set(check.id, cause);
    const { id, requires } = check;
    results.push({ id, requires, ...finding });
  }
  return results;
}

/** The checks of these ids, and all that they require, in their order. @throws UserError `no-such-check`. */
export function chooseChecks(checks: readonly Check[], ids: readonly string[]): readonly Check[] {
  if (ids.length === 0) return checks;
  const wanted = new Set<string>();
  const byId = new Map(checks.map((check) => [check.id, check]));
  const want = (id: string): void => {
    const check = byId.get(id);
    if (check === undefined) throw noSuchCheck(id, [...byId.keys()]);
    if (wanted.has(id)) return;
    wanted.add(id);
    check.requires.forEach(want);
  };
  ids.forEach(want);
  return checks.filter(({ id }) => wanted.has(id));
}

function noSuchCheck(id: string, known: readonly string[]): UserError {
  const near = nearest(id, known);
  return new UserError({
    code: 'no-such-check',
    message: `there is no check ${JSON.stringify(id)}`,
    hint:
      near === null ? `There are: ${known.join(', ')}` : `Did you mean ${near}? All are listed by: yard doctor --quick`,
    exitCode: 2,
  });
}

type Unwell = CheckResult & { readonly status: 'warn' | 'fail' };

/** The one thing to mend first: the first failure, else the first warning. */
export function diagnosisOf(results: readonly CheckResult[]): Unwell | null {
  const of = (status: CheckResult['status']): Unwell | null =>
    results.find((result): result is Unwell => result.status === status) ?? null;
  return of('fail') ?? of('warn');
}

async function examine(check: Check, patient: Patient): Promise<Finding> {
  if (check.looksAt?.some((name) => patient.may(name) === null) === true) return skip(NEVER_RAN);
  try {
    return await check.examine(patient);
  } catch (error) {
    if (!isUserError(error)) throw error;
    return failOf(error);
  }
}

/** What a person can mend, as the failure that it is. */
export function failOf(error: UserError, safe?: string): Finding {
  return fail(placed(error), error.hint ?? 'Mend it, and look again: yard doctor', safe);
}

/** The sentence with its place, which most sentences name themselves. */
function placed({ message, place }: UserError): string {
  const where = place === undefined ? '' : `${formatPlace(place)}: `;
  return message.startsWith(where) ? message : `${where}${message}`;
}
