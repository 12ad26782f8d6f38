import { expect, test } from 'vitest';
import { readMoment } from './moment.ts';

const NOW_MS = new Date(2026, 10, 21, 14, 30).getTime();
const at = (text: string) => {
  const moment = readMoment(text, '--since', NOW_MS);
  return moment.kind === 'time' ? moment.ms : moment;
};

test.each([
  ['8h', NOW_MS - 8 * 3_600_000],
  ['30m', NOW_MS - 30 * 60_000],
  [' 2D ', NOW_MS - 2 * 86_400_000],
  ['now', NOW_MS],
  ['today', new Date(2026, 10, 21).getTime()],
  ['yesterday', new Date(2026, 10, 20).getTime()],
  ['2026-11-19', new Date(2026, 10, 19).getTime()],
  ['2026-11-19T08:05', new Date(2026, 10, 19, 8, 5).getTime()],
  ['2026-11-19 08:05:07', new Date(2026, 10, 19, 8, 5, 7).getTime()],
  ['2026-11-19t08:05:00z', Date.UTC(2026, 10, 19, 8, 5)],
  ['2026-11-19T08:05+02:00', Date.UTC(2026, 10, 19, 6, 5)],
  ['4711', { kind: 'event', seq: 4711 }],
])('%s', (text, expected) => {
  expect(at(text)).toEqual(expected);
});

test.each(['', 'soon', '8x', '-3h', '2026-13-01', '2026-11-19T25:00', '1e9'])('%j is no time', (text) => {
  expect(() => at(text)).toThrow(expect.objectContaining({ code: 'bad-time' }) as Error);
});
