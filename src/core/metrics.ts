import type { Ledger } from './ledger.ts';
import { failuresOf } from './report.ts';
import type { FailureLine, Range } from './report.ts';
import { spreadOf } from './spread.ts';
import type { Spread } from './spread.ts';
import type { TaskStatus } from './task-state.ts';

/** How the yard does, in numbers. */
export interface Metrics {
  readonly range: Range;
  readonly landed: number;
  /** Null for a range without length. */
  readonly landedPerHour: number | null;
  /** From entry into the backlog to landing. */
  readonly leadMs: Spread;
  /** Attempts, not milliseconds. */
  readonly attemptsPerLanding: Spread;
  readonly attempts: Ledger['attempts'];
  readonly failures: readonly FailureLine[];
  /** That attempts stood at their gate, its queue included. */
  readonly gateMs: Spread;
  readonly asked: Ledger['asked'];
  /** That questions and approvals stood before a person settled them. */
  readonly waitedMs: Spread;
  /** Now. */
  readonly depth: Readonly<Record<TaskStatus, number>>;
}

const HOUR_MS = 3_600_000;

/** @param leads milliseconds from entry into the backlog to landing, of each landing. */
export function makeMetrics(
  ledger: Ledger,
  range: Range,
  { leads, depth }: { readonly leads: readonly number[]; readonly depth: Metrics['depth'] },
): Metrics {
  const hours = (range.untilMs - range.sinceMs) / HOUR_MS;
  return {
    range,
    landed: ledger.landed.length,
    landedPerHour: hours > 0 ? ledger.landed.length / hours : null,
    leadMs: spreadOf(leads),
    attemptsPerLanding: spreadOf(ledger.landed.map(({ attempts }) => attempts)),
    attempts: ledger.attempts,
    failures: failuresOf(ledger),
    gateMs: spreadOf(ledger.gateMs),
    asked: ledger.asked,
    waitedMs: spreadOf(ledger.waitedMs),
    depth,
  };
}
