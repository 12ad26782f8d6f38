import { expect, test } from 'vitest';
import { dayOf, dayStartMs } from './day.ts';

test('a day begins at midnight by UTC, and ends as the next one begins', () => {
  const midnight = Date.UTC(2028, 1, 29);
  expect(dayStartMs(dayOf(midnight))).toBe(midnight);
  expect(dayStartMs(dayOf(midnight - 1) + 1)).toBe(midnight);
  expect(dayOf(Date.UTC(2028, 1, 29, 23, 59))).toBe(dayOf(midnight));
});
