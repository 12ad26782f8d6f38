import { UserError } from '../../core/user-error.ts';

/** A moment as a person names it. */
export type Moment = { readonly kind: 'time'; readonly ms: number } | { readonly kind: 'event'; readonly seq: number };

const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};
const AGO = /^(\d{1,6})\s*([smhdw])$/;
/** ISO 8601, a date or a date with a time; without a zone it is local time. */
const ISO = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?)(Z|[+-]\d{2}:?\d{2})?)?$/;

/**
 * `8h` (so long ago), `today`, `yesterday` (their beginning), a date or time by ISO 8601, or the number of an event.
 *
 * @throws UserError `bad-time`
 */
export function readMoment(text: string, option: string, nowMs: number): Moment {
  const word = text.trim().toLowerCase();
  if (/^\d{1,15}$/.test(word)) return { kind: 'event', seq: Number(word) };
  const ms = readTime(word, nowMs);
  if (ms !== null) return { kind: 'time', ms };
  throw new UserError({
    code: 'bad-time',
    message: `${option} ${JSON.stringify(text.slice(0, 60))} is no time`,
    hint: 'Write 30m, 8h, 2d, today, yesterday, 2026-11-21, 2026-11-21T08:00, or the number of an event.',
  });
}

function readTime(word: string, nowMs: number): number | null {
  if (word === 'now') return nowMs;
  const [, count = '', unit = ''] = AGO.exec(word) ?? [];
  const unitMs = UNIT_MS[unit];
  if (unitMs !== undefined) return nowMs - Number(count) * unitMs;
  if (word === 'today' || word === 'yesterday') return startOfDay(nowMs, word === 'today' ? 0 : -1);
  const [, date = '', time = '00:00', zone = ''] = ISO.exec(word.toUpperCase()) ?? [];
  // A date alone would be read as UTC.
  const ms = date === '' ? Number.NaN : Date.parse(`${date}T${time}${zone}`);
  return Number.isNaN(ms) ? null : ms;
}

function startOfDay(nowMs: number, days: number): number {
  const day = new Date(nowMs);
  day.setHours(0, 0, 0, 0);
  day.setDate(day.getDate() + days);
  return day.getTime();
}

/** `2026-11-21 08:05`, local time. */
export function formatTime(ms: number): string {
  const at = new Date(ms);
  const two = (value: number): string => String(value).padStart(2, '0');
  const date = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${date} ${two(at.getHours())}:${two(at.getMinutes())}`;
}
