const DAY_MS = 86_400_000;

/** Days since 1970, by UTC: a day begins everywhere at the same time. */
export function dayOf(nowMs: number): number {
  return Math.floor(nowMs / DAY_MS);
}

/** Wall clock. */
export function dayStartMs(day: number): number {
  return day * DAY_MS;
}

/** When the next day begins. */
export interface NextDay {
  readonly untilMs: number;
  readonly remainingMs: number;
}

export function nextDayOf(nowMs: number): NextDay {
  const untilMs = dayStartMs(dayOf(nowMs) + 1);
  return { untilMs, remainingMs: untilMs - nowMs };
}
