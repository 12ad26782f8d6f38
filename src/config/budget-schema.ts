import { z } from 'zod';

import { microsOf, NO_BUDGET } from '../core/budget.ts';
import type { Amount, Budget } from '../core/budget.ts';
import { positiveDuration } from './duration-schema.ts';

// `budgets` and `prices` of the configuration: how much may be spent, and what a token costs.

const TOKENS_MAX = 1e15;
const USD_MAX = 1e9;

const usd = z.number().gt(0).max(USD_MAX);
const tokens = z.int().min(1).max(TOKENS_MAX);

const budget = z.strictObject({
  usd: usd.optional().meta({ description: 'US dollars' }),
  tokens: tokens.optional().meta({ description: 'Tokens that were not read from a cache' }),
  cachedTokens: tokens.optional().meta({ description: 'Tokens that were read from a cache' }),
  time: positiveDuration.optional().meta({ description: 'Time for which agents worked' }),
});

/** No limit but those that are said. */
export const budgetSchema = budget
  .prefault({})
  .transform(({ usd: dollars, tokens: count, cachedTokens, time }): Budget => ({
    ...NO_BUDGET,
    ...(dollars === undefined ? {} : { usdMicros: microsOf(dollars) }),
    ...(count === undefined ? {} : { tokens: count }),
    ...(cachedTokens === undefined ? {} : { cachedTokens }),
    ...(time === undefined ? {} : { timeMs: time }),
  }));

const estimate = z
  .strictObject({
    usd: z.number().min(0).max(USD_MAX).default(0.5),
    tokens: z.int().min(0).max(TOKENS_MAX).default(100_000),
  })
  .prefault({})
  .transform(({ usd: dollars, tokens: count }): Amount => {
    return { usdMicros: microsOf(dollars), tokens: count, cachedTokens: 0, timeMs: 0 };
  })
  .meta({ description: 'What a turn is taken to use before it has ended, and after it where nobody says' });

export const budgetsSchema = z
  .strictObject({
    attempt: budgetSchema.meta({ description: 'For one attempt; the task is parked when it is spent' }),
    task: budgetSchema.meta({ description: 'For all attempts of a task; it is parked when it is spent' }),
    run: budgetSchema.meta({ description: 'For one yard run' }),
    day: budgetSchema.meta({ description: 'For one day, by UTC; what is left waits for the next' }),
    estimate,
  })
  .prefault({})
  .meta({ description: 'What agents may use; a turn starts only while something is left of each' });

const dollars = z.number().min(0).max(1e6);

const price = z.strictObject({
  input: dollars,
  output: dollars,
  cachedInput: dollars.optional().meta({ description: 'As input unless said' }),
  cacheWrite: dollars.optional().meta({ description: 'As input unless said' }),
});

export const pricesSchema = z
  .record(z.string().min(1).max(200), price)
  .default({})
  .meta({ description: 'US dollars for a million tokens, by model; over those that are known' });
