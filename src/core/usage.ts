/** What a turn has used. Always of that turn alone: adapters subtract what a program counts on from earlier turns. */
export interface Usage {
  /** Neither read from a cache nor written to one. */
  readonly inputTokens: number;
  /** Read from the provider's cache. */
  readonly cachedTokens: number;
  /** Written to the provider's cache. */
  readonly cacheWriteTokens: number;
  readonly outputTokens: number;
  /** US dollars as the program reports them; null: unknown, which is not zero. */
  readonly costUsd: number | null;
}

export const NO_USAGE: Usage = {
  inputTokens: 0,
  cachedTokens: 0,
  cacheWriteTokens: 0,
  outputTokens: 0,
  costUsd: null,
};

/** A cost that is known together with one that is not is not known in all. */
export function addUsage(a: Usage, b: Usage): Usage {
  if (a === NO_USAGE) return b;
  return {
    ...tokens(a, b, 1),
    costUsd: a.costUsd === null || b.costUsd === null ? null : a.costUsd + b.costUsd,
  };
}

/** Beyond these a program has counted wrong, or lies: what is kept must be whole numbers that add up exactly. */
const TOKENS_MAX = 10_000_000_000;
const COST_MAX_USD = 100_000;

/** What a program says that a turn has used, as it can be kept. A cost that cannot be is not known. */
export function checkedUsage({ costUsd, ...counts }: Usage): Usage {
  const whole = (count: number): number => (count > 0 ? Math.min(Math.round(count), TOKENS_MAX) : 0);
  return {
    inputTokens: whole(counts.inputTokens),
    cachedTokens: whole(counts.cachedTokens),
    cacheWriteTokens: whole(counts.cacheWriteTokens),
    outputTokens: whole(counts.outputTokens),
    costUsd: costUsd !== null && costUsd >= 0 && costUsd <= COST_MAX_USD ? costUsd : null,
  };
}

/** What came on top of an earlier count; what was counted down counts as nothing. */
export function usageSince(now: Usage, before: Usage): Usage {
  const costUsd = now.costUsd === null ? null : Math.max(0, now.costUsd - (before.costUsd ?? 0));
  return { ...tokens(now, before, -1), costUsd };
}

function tokens(a: Usage, b: Usage, sign: 1 | -1): Omit<Usage, 'costUsd'> {
  const count = (x: number, y: number): number => Math.max(0, x + sign * y);
  return {
    inputTokens: count(a.inputTokens, b.inputTokens),
    cachedTokens: count(a.cachedTokens, b.cachedTokens),
    cacheWriteTokens: count(a.cacheWriteTokens, b.cacheWriteTokens),
    outputTokens: count(a.outputTokens, b.outputTokens),
  };
}
