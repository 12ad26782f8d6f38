import type { Defect } from './defect.ts';
import { FAULT_KINDS } from './faults.ts';
import type { FaultKind } from './faults.ts';
import type { Violation } from './played.ts';
import { simulate } from './simulation.ts';

export interface CampaignOptions {
  /** Of the first history; the next ones have the next seeds. */
  readonly seed: number;
  readonly histories: number;
  /** Ends earlier once this much real time has passed. */
  readonly maxMs?: number;
  readonly defect?: Defect | null;
  /** Ends after so many histories that broke a promise. */
  readonly maxFailures?: number;
}

export interface Campaign {
  readonly histories: number;
  readonly steps: number;
  readonly faults: Readonly<Record<FaultKind, number>>;
  readonly failures: readonly { readonly seed: number; readonly violations: readonly Violation[] }[];
}

/** Plays one history after the other. */
export async function runSimulations(options: CampaignOptions): Promise<Campaign> {
  const { seed, maxMs = Infinity, defect = null, maxFailures = 10 } = options;
  const startedMs = performance.now();
  const faults = Object.fromEntries(FAULT_KINDS.map((kind) => [kind, 0])) as Record<FaultKind, number>;
  const failures: { seed: number; violations: readonly Violation[] }[] = [];
  let histories = 0;
  let steps = 0;
  while (histories < options.histories && failures.length < maxFailures && performance.now() - startedMs < maxMs) {
    const result = await simulate(seed + histories, defect);
    histories += 1;
    steps += result.steps;
    for (const kind of FAULT_KINDS) faults[kind] += result.faults[kind];
    if (result.violations.length > 0) failures.push(result);
  }
  return { histories, steps, faults, failures };
}
