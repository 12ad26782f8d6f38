import { expect, test } from 'vitest';
import { waitText } from './duration-text.ts';

test.each([
  [1, '1 s'],
  [89_999, '90 s'],
  [90_000, '2 min'],
  [30 * 60_000, '30 min'],
  [90 * 60_000, '1 h 30 min'],
  [24 * 3_600_000, '24 h'],
  [24 * 3_600_000 - 1, '24 h'],
  [76 * 3_600_000 - 1, '3 d 4 h'],
  [35 * 86_400_000, '35 d'],
])('%i ms are %s', (ms, text) => {
  expect(waitText(ms)).toBe(text);
});
