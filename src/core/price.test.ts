import { expect, test } from 'vitest';
import { costOf, priceOf } from './price.ts';
import { PRICES, PRICES_DATE } from './prices.ts';
import type { Usage } from './usage.ts';

const usage: Usage = {
  inputTokens: 1_000,
  cachedTokens: 10_000,
  cacheWriteTokens: 100,
  outputTokens: 10,
  costUsd: null,
};
const table = { fast: { input: 1, output: 10, cachedInput: 0.1, cacheWrite: 2 }, plain: { input: 1, output: 10 } };

test('what the program reports counts before any table', () => {
  expect(costOf({ ...usage, costUsd: 0.25 }, 'fast', table, 7)).toEqual({ usdMicros: 250_000, source: 'reported' });
  expect(costOf({ ...usage, costUsd: 0 }, null, {}, 7)).toEqual({ usdMicros: 0, source: 'reported' });
});

test('else the price of the model, each kind of token by its own', () => {
  expect(costOf(usage, 'fast', table, 7)).toEqual({ usdMicros: 1_000 + 1_000 + 200 + 100, source: 'table' });
  // A kind without a price of its own is never cheaper than input.
  expect(costOf(usage, 'plain', table, 7)).toEqual({ usdMicros: 1_000 + 10_000 + 100 + 100, source: 'table' });
});

test('an unknown price is the estimate, and is never nothing', () => {
  expect(costOf(usage, 'unknown', table, 7)).toEqual({ usdMicros: 7, source: 'estimate' });
  expect(costOf(usage, null, table, 7)).toEqual({ usdMicros: 7, source: 'estimate' });
  expect(costOf(null, 'fast', table, 7)).toEqual({ usdMicros: 7, source: 'estimate' });
  expect(costOf(usage, 'toString', table, 7)).toEqual({ usdMicros: 7, source: 'estimate' });
});

test.each(['claude-opus-4-1', 'claude-opus-4-1-20250805', 'anthropic/claude-opus-4-1', 'gpt-5.1-2025-11-13'])(
  'the price of %s is found',
  (model) => {
    expect(priceOf(model, PRICES)).not.toBeNull();
  },
);

test('the table that ships says when it was looked up, and what is cached is never dearer', () => {
  expect(PRICES_DATE).toMatch(/^20\d\d-\d\d-\d\d$/);
  for (const { input, output, cachedInput = input } of Object.values(PRICES)) {
    expect(output).toBeGreaterThan(input);
    expect(cachedInput).toBeLessThanOrEqual(input);
  }
});
