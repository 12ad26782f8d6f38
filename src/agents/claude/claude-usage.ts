import { addUsage, NO_USAGE, usageSince } from '../../core/usage.ts';
import type { Usage } from '../../core/usage.ts';
import type { Json } from '../../core/yard-event.ts';
import { asObject, at, numberAt } from '../program/json-line.ts';
import type { JsonObject } from '../program/json-line.ts';
import type { TurnUsage } from '../stream-json/dialect.ts';

/*
 * What a turn has used, by model, is told in up to three ways. `model_usage_since_last_result` (from some 2.1.3xx on) is
 * of this turn. `modelUsage` and `total_cost_usd` are of this process in older versions, and of the whole session, from
 * process to process, in newer ones. `usage` is always of this turn, but leaves out other agents that it has started, and
 * the last request of a turn that was broken off.
 */

/** Null: it does not tell. @param before what the session had come to with the turns before. */
export function claudeUsage(result: JsonObject, before: Usage): TurnUsage | null {
  const usage = usageOf(result, before);
  if (usage === null) return null;
  return { usage, totals: before === NO_USAGE ? usage : addUsage(before, usage) };
}

function usageOf(result: JsonObject, before: Usage): Usage | null {
  const since = modelUsage(at(result, 'model_usage_since_last_result'));
  if (since !== null) return since;
  const all = modelUsage(at(result, 'modelUsage'));
  const own = ownUsage(result);
  if (all === null) return own;
  return countsOn(all, before, own ?? NO_USAGE) ? usageSince(all, before) : all;
}

/** What counts on is at least what there was, and what came. */
function countsOn(all: Usage, before: Usage, own: Usage): boolean {
  const keys = ['inputTokens', 'cachedTokens', 'cacheWriteTokens', 'outputTokens'] as const;
  return keys.every((key) => all[key] >= before[key] + own[key]);
}

function ownUsage(result: JsonObject): Usage | null {
  const usage = at(result, 'usage');
  if (asObject(usage) === null) return null;
  return {
    inputTokens: numberAt(usage, 'input_tokens') ?? 0,
    cachedTokens: numberAt(usage, 'cache_read_input_tokens') ?? 0,
    cacheWriteTokens: numberAt(usage, 'cache_creation_input_tokens') ?? 0,
    outputTokens: numberAt(usage, 'output_tokens') ?? 0,
    costUsd: null,
  };
}

/** The sum over all models; null where there is no such object. */
function modelUsage(value: Json | undefined): Usage | null {
  const models = asObject(value);
  if (models === null) return null;
  return Object.values(models)
    .map((model): Usage => ({
      inputTokens: numberAt(model, 'inputTokens') ?? 0,
      cachedTokens: numberAt(model, 'cacheReadInputTokens') ?? 0,
      cacheWriteTokens: numberAt(model, 'cacheCreationInputTokens') ?? 0,
      outputTokens: numberAt(model, 'outputTokens') ?? 0,
      costUsd: numberAt(model, 'costUSD'),
    }))
    .reduce(addUsage, { ...NO_USAGE, costUsd: 0 });
}
