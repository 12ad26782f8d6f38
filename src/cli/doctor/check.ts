import { formatPlace, isUserError } from '../../core/user-error.ts';
import type { UserError } from '../../core/user-error.ts';
import type { LocalYard } from '../../reconcile/yard.ts';
import type { Patient } from './patient.ts';

/** What a check came to. */
export type Finding =
  | { readonly status: 'ok' | 'skipped'; readonly detail: string }
  | {
      readonly status: 'warning' | 'failure';
      readonly detail: string;
      readonly remedy: string;
      /** What is not lost by it. */
      readonly safe?: string;
    };

/** One thing that a machine or a person can break. */
export interface Check {
  readonly id: string;
  /** Checks that must have been well (a warning is well enough) for this one to say anything. */
  readonly needs: readonly string[];
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

export type CheckResult = { readonly id: string } & Finding;

export function ok(detail: string): Finding {
  return { status: 'ok', detail };
}

export function skipped(detail: string): Finding {
  return { status: 'skipped', detail };
}

export function warning(detail: string, remedy: string, safe?: string): Finding {
  return { status: 'warning', detail, remedy, ...(safe === undefined ? {} : { safe }) };
}

export function failure(detail: string, remedy: string, safe?: string): Finding {
  return { status: 'failure', detail, remedy, ...(safe === undefined ? {} : { safe }) };
}

/** Runs the checks in their order; what depends on one that was not well is skipped. */
export async function runChecks(checks: readonly Check[], patient: Patient): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  const unwell = new Set<string>();
  for (const check of checks) {
    const cause = check.needs.find((id) => unwell.has(id));
    const finding = cause === undefined ? await examine(check, patient) : skipped(`needs the check ${cause}`);
    if (finding.status === 'failure' || finding.status === 'skipped') unwell.add(check.id);
    results.push({ id: check.id, ...finding });
  }
  return results;
}

/** The one thing to mend first: the first failure, else the first warning. */
export function diagnosisOf(
  results: readonly CheckResult[],
): (CheckResult & { readonly remedy: string; readonly safe?: string }) | null {
  for (const status of ['failure', 'warning'] as const) {
    for (const result of results) if (result.status === status) return result;
  }
  return null;
}

async function examine(check: Check, patient: Patient): Promise<Finding> {
  try {
    return await check.examine(patient);
  } catch (error) {
    if (!isUserError(error)) throw error;
    return failure(placed(error), error.hint ?? 'Mend it, and look again: yard doctor');
  }
}

/** The sentence with its place, which most sentences name themselves. */
function placed({ message, place }: UserError): string {
  const where = place === undefined ? '' : `${formatPlace(place)}: `;
  return message.startsWith(where) ? message : `${where}${message}`;
}
