/** A set of measures, summed up. Milliseconds, unless its user says otherwise. */
export interface Spread {
  readonly count: number;
  readonly total: number;
  /** Null where there are none. */
  readonly median: number | null;
  readonly p90: number | null;
  readonly longest: number | null;
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  return {
    count: sorted.length,
    total: sorted.reduce((sum, value) => sum + value, 0),
    median: quantile(sorted, 0.5),
    p90: quantile(sorted, 0.9),
    longest: sorted.at(-1) ?? null,
  };
}

/** By the nearest rank: a value that there was. */
function quantile(sorted: readonly number[], share: number): number | null {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? null;
}
