import { expect, test } from 'vitest';
import { Survivors } from './survivors.ts';

test('what cannot be ended is left alone for a while, and told once', () => {
  const survivors = new Survivors();
  expect(survivors.mayTry('m', 0)).toBe(true);
  expect(survivors.learn('m', [8, 7], 0)).toBe(true);
  expect([survivors.mayTry('m', 29_999), survivors.mayTry('m', 30_000), survivors.mayTry('other', 0)]).toEqual([
    false,
    true,
    true,
  ]);
  expect(survivors.learn('m', [7, 8], 30_000)).toBe(false);
  expect(survivors.learn('m', [8], 60_000)).toBe(true);
  expect(survivors.learn('m', [], 90_000)).toBe(false);
  expect(survivors.mayTry('m', 90_000)).toBe(true);
  expect(survivors.learn('m', [8], 90_000)).toBe(true);
});
