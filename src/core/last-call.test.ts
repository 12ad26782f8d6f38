import { expect, test } from 'vitest';

import { lastCall, lastCallMs } from './last-call.ts';

const MINUTE_MS = 60_000;

test('an agent is told a fifth of its time before the end, five minutes at most, and of a short turn not at all', () => {
  expect(lastCallMs(4 * MINUTE_MS)).toBe(null);
  expect(lastCallMs(5 * MINUTE_MS)).toBe(MINUTE_MS);
  expect(lastCallMs(20 * MINUTE_MS)).toBe(4 * MINUTE_MS);
  expect(lastCallMs(24 * 60 * MINUTE_MS)).toBe(5 * MINUTE_MS);
});

test('it is told how long it has, and how it ends by the means that it has', () => {
  expect(lastCall(5 * MINUTE_MS, true)).toContain('about 5 minutes');
  expect(lastCall(MINUTE_MS, true)).toContain('about a minute');
  expect(lastCall(1_000, true)).toContain('less than a minute');
  expect(lastCall(MINUTE_MS, true)).toContain('report_packet');
  expect(lastCall(MINUTE_MS, false)).not.toContain('report_packet');
});
