import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  describeSpent,
  spentSentence,
  leftOf,
  microsOf,
  NO_BUDGET,
  NOTHING,
  NOTHING_SPENT,
  spentLimit,
  usdText,
  withReserved,
  withSettled,
} from './budget.ts';
import type { Amount, Spend } from './budget.ts';

const amount = fc.record({
  usdMicros: fc.nat(5_000_000),
  tokens: fc.nat(100_000),
  cachedTokens: fc.nat(100_000),
  timeMs: fc.nat(100_000),
});

/** Turns side by side: each is started where the limit admits it, and some that run are ended between the starts. */
function play(limit: number, turns: readonly { reserve: Amount; used: Amount; ends: boolean }[]) {
  const budget = { ...NO_BUDGET, usdMicros: limit };
  let spend: Spend = NOTHING_SPENT;
  let most = 0;
  let open: { reserve: Amount; used: Amount }[] = [];
  const settle = (): void => {
    for (const { reserve, used } of open) spend = withSettled(spend, reserve, used, false);
    open = [];
  };
  for (const { reserve, used, ends } of turns) {
    if (spentLimit(budget, spend) === null) {
      spend = withReserved(spend, reserve);
      open.push({ reserve, used });
      most = Math.max(most, open.length);
    }
    if (ends) settle();
  }
  settle();
  return { spend, most };
}

const history = fc.array(fc.record({ reserve: amount, used: amount, ends: fc.boolean() }), { maxLength: 40 });

describe('a limit', () => {
  test('is overshot by one turn at most for each turn that runs', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20_000_000 }), history, (limit, turns) => {
        const { spend, most } = play(limit, turns);
        const dearest = Math.max(0, ...turns.map(({ used }) => used.usdMicros));
        expect(spend.settled.usdMicros).toBeLessThan(limit + Math.max(1, most) * dearest + 1);
        expect(spend.reserved).toEqual(NOTHING);
      }),
    );
  });

  test('is overshot by one turn in all where none uses more than was reserved for it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20_000_000 }), history, (limit, turns) => {
        const honest = turns.map((turn) => ({ ...turn, used: turn.reserve }));
        const { spend } = play(limit, honest);
        const dearest = Math.max(0, ...honest.map(({ used }) => used.usdMicros));
        expect(spend.settled.usdMicros).toBeLessThan(limit + Math.max(1, dearest));
      }),
    );
  });
});

test('what is left counts what is reserved, and is never less than nothing', () => {
  const spend = withReserved(withSettled(NOTHING_SPENT, NOTHING, { ...NOTHING, tokens: 70 }, true), {
    ...NOTHING,
    tokens: 40,
    usdMicros: 5,
  });
  expect(leftOf({ ...NO_BUDGET, tokens: 100, usdMicros: 20 }, spend)).toEqual({
    ...NO_BUDGET,
    tokens: 0,
    usdMicros: 15,
  });
  expect(spentLimit({ ...NO_BUDGET, tokens: 111 }, spend)).toBeNull();
  const spent = spentLimit({ ...NO_BUDGET, tokens: 110 }, spend);
  expect(spent).toEqual({ measure: 'tokens', used: 70, reserved: 40, limit: 110, estimated: 0 });
  expect(spent === null ? '' : describeSpent(spent)).toBe(
    '70 tokens of 110 tokens used, the rest is reserved by turns that run',
  );
  expect(spent === null ? '' : spentSentence({ ...spent, used: 120 })).toBe('is spent: 120 tokens of 110 tokens used');
});

test.each([
  [0, '$0.00'],
  [1, '$0.0000'],
  [250, '$0.0003'],
  [10_000, '$0.01'],
  [1_500_000, '$1.50'],
])('%i millionths are %s', (micros, text) => {
  expect(usdText(micros)).toBe(text);
});

test('dollars are never rounded down', () => {
  expect(microsOf(0.1)).toBe(100_000);
  expect(microsOf(0.0000001)).toBe(1);
  expect(microsOf(19.99)).toBe(19_990_000);
});
