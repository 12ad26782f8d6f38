import { expect, test } from 'vitest';

import { NO_USAGE } from '../../core/usage.ts';
import type { Usage } from '../../core/usage.ts';
import type { JsonObject } from '../program/json-line.ts';
import { parseLine } from '../program/json-line.ts';
import { claudeUsage } from './claude-usage.ts';

const used = (times: number, costUsd: number | null = 0.5 * times): Usage => ({
  inputTokens: 11 * times,
  cachedTokens: 12 * times,
  cacheWriteTokens: 5 * times,
  outputTokens: 13 * times,
  costUsd,
});
const model = (times: number): object => ({
  inputTokens: 11 * times,
  outputTokens: 13 * times,
  cacheReadInputTokens: 12 * times,
  cacheCreationInputTokens: 5 * times,
  costUSD: 0.5 * times,
});
const usage = {
  input_tokens: 11,
  cache_read_input_tokens: 12,
  cache_creation_input_tokens: 5,
  output_tokens: 13,
};

const lineOf = (result: object): JsonObject => parseLine(JSON.stringify(result)) ?? {};

test.each([
  ['2.1.329: counts on, and says what came', { usage, modelUsage: { m: model(3) }, since: { m: model(1) } }, used(2)],
  ['counts on', { usage, modelUsage: { m: model(3) } }, used(2)],
  ['2.1.197: of this process', { usage, modelUsage: { m: model(1) } }, used(2)],
  ['the first turn', { usage, modelUsage: { m: model(1) } }, NO_USAGE],
])('one turn alone: %s', (_, { since, ...rest }: { since?: object; usage: object; modelUsage: object }, before) => {
  const result = lineOf(since === undefined ? rest : { ...rest, model_usage_since_last_result: since });
  const expected = { usage: used(1), totals: before === NO_USAGE ? used(1) : used(3) };
  expect(claudeUsage(result, before)).toEqual(expected);
});

test('helpers of another model count, too', () => {
  const result = lineOf({ usage, modelUsage: { m: model(1), n: model(2) } });
  expect(claudeUsage(result, NO_USAGE)?.usage).toEqual(used(3));
});

test('where it tells nothing by model, what it tells of itself counts, at a price that is not known', () => {
  expect(claudeUsage(lineOf({ usage }), used(2))).toEqual({ usage: used(1, null), totals: used(3, null) });
});

test.each([{}, { usage: 5, modelUsage: [] }])(
  'of %j nothing is known, which is not that nothing was used',
  (result) => {
    expect(claudeUsage(lineOf(result), NO_USAGE)).toBeNull();
  },
);
