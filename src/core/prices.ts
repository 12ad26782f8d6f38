import type { PriceTable } from './price.ts';

// What providers ask for, in US dollars for a million tokens: data, and nothing else. Their list prices for standard
// service, without discounts for batches and without what some ask besides for very long prompts. What stands here was found
// the same in several places; a model that is missing has no known price (`prices` of the configuration adds it).

/** When they were looked up. */
export const PRICES_DATE = '2026-11-21';

const opus = { input: 5, output: 25, cachedInput: 0.5, cacheWrite: 6.25 };
const opusBefore = { input: 15, output: 75, cachedInput: 1.5, cacheWrite: 18.75 };
const sonnet = { input: 3, output: 15, cachedInput: 0.3, cacheWrite: 3.75 };
const haiku = { input: 1, output: 5, cachedInput: 0.1, cacheWrite: 1.25 };
const gpt5 = { input: 1.25, output: 10, cachedInput: 0.125 };
const gpt52 = { input: 1.75, output: 14, cachedInput: 0.175 };

export const PRICES: PriceTable = {
  'claude-opus-4-6': opus,
  'claude-opus-4-5': opus,
  'claude-opus-4-1': opusBefore,
  'claude-opus-4': opusBefore,
  'claude-sonnet-4-6': sonnet,
  'claude-sonnet-4-5': sonnet,
  'claude-sonnet-4': sonnet,
  'claude-haiku-4-5': haiku,
  'claude-3-5-haiku': { input: 0.8, output: 4, cachedInput: 0.08, cacheWrite: 1 },
  'gpt-5': gpt5,
  'gpt-5-codex': gpt5,
  'gpt-5.1': gpt5,
  'gpt-5.1-codex': gpt5,
  'gpt-5.1-codex-max': gpt5,
  'gpt-5-mini': { input: 0.25, output: 2, cachedInput: 0.025 },
  'gpt-5.2': gpt52,
  'gpt-5.2-codex': gpt52,
  'gpt-5.3-codex': gpt52,
  'gpt-5.4': { input: 2.5, output: 15, cachedInput: 0.25 },
  'gpt-5.5': { input: 5, output: 30, cachedInput: 0.5 },
  'gemini-2.5-pro': { input: 1.25, output: 10 },
  'gemini-2.5-flash': { input: 0.3, output: 2.5 },
};
