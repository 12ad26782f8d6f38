import { usdText } from './budget.ts';

/** Turns that belong together, added up. Money in millionths of a US dollar. */
export interface CostSums {
  readonly turns: number;
  /** Of them, those that run: what they use is in no sum yet. */
  readonly running: number;
  /** Turns whose tokens are not known. */
  readonly unknownUsage: number;
  readonly inputTokens: number;
  readonly cachedTokens: number;
  readonly cacheWriteTokens: number;
  readonly outputTokens: number;
  readonly timeMs: number;
  /** By who says what it cost: the program, the table of prices, or nobody. */
  readonly reportedMicros: number;
  readonly tableMicros: number;
  readonly estimatedMicros: number;
}

export const NO_SUMS: CostSums = {
  turns: 0,
  running: 0,
  unknownUsage: 0,
  inputTokens: 0,
  cachedTokens: 0,
  cacheWriteTokens: 0,
  outputTokens: 0,
  timeMs: 0,
  reportedMicros: 0,
  tableMicros: 0,
  estimatedMicros: 0,
};

/** All of them together. */
export function totalOf(groups: readonly CostSums[]): CostSums {
  const names = Object.keys(NO_SUMS) as (keyof CostSums)[];
  return groups.reduce<CostSums>(
    (sum, group) => Object.fromEntries(names.map((name) => [name, sum[name] + group[name]])) as unknown as CostSums,
    NO_SUMS,
  );
}

export function microsSpent({ reportedMicros, tableMicros, estimatedMicros }: CostSums): number {
  return reportedMicros + tableMicros + estimatedMicros;
}

/** `$1.20`, and what of it nobody knows. */
export function costText(sums: CostSums): string {
  const all = usdText(microsSpent(sums));
  if (sums.estimatedMicros === 0) return all;
  return sums.estimatedMicros === microsSpent(sums)
    ? `${all} estimated`
    : `${all}, ${usdText(sums.estimatedMicros)} of it estimated`;
}
