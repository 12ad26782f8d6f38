/** The one form of a duration; how long it may be is another question. */
export const DURATION = /^([0-9]{1,9})(ms|s|m|h)$/;
const UNIT_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;
/** A week. Timers of Node fire at once above 2^31 ms. */
const DURATION_MAX_MS = 7 * 24 * UNIT_MS.h;

/** Milliseconds of `500ms`, `30s`, `10m` or `1h`; null for anything else and for more than a week. */
export function parseDuration(text: string): number | null {
  const match = DURATION.exec(text);
  if (match === null) return null;
  const ms = Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS];
  return ms <= DURATION_MAX_MS ? ms : null;
}
