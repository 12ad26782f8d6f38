import type { ProviderFailure } from '../../core/provider-failure.ts';
import { NO_USAGE, usageSince } from '../../core/usage.ts';
import type { Usage } from '../../core/usage.ts';
import { asObject, at, numberAt, textAt } from '../program/json-line.ts';
import type { JsonObject } from '../program/json-line.ts';
import { statusFailure } from '../program/status-failure.ts';
import type { Dialect, TurnUsage } from '../stream-json/dialect.ts';

/**
 * How it tells a refused request, in the error of its result: its own mark, then the status of HTTP, then what the provider
 * says. No other field has the status, and its exit code is 0.
 */
const REFUSED = /^\[API Error: (\d{3}) /u;

const TOKENS = ['inputTokens', 'cachedTokens', 'outputTokens'] as const;

/** What Qwen Code says besides. */
export class QwenDialect implements Dialect {
  readonly name = 'qwen';
  readonly steers = false;
  readonly #hasKey: boolean;

  /** @param hasKey whether it was given one: without, it ends before it begins, and says so in words alone. */
  constructor(hasKey: boolean) {
    this.#hasKey = hasKey;
  }

  hear(): boolean {
    return false;
  }

  /** It counts on from turn to turn of a session, titles and summaries included. */
  usage(result: JsonObject, before: Usage): TurnUsage | null {
    const all = usageOf(result);
    if (all === null) return null;
    const countsOn = before !== NO_USAGE && TOKENS.every((key) => all[key] >= before[key]);
    return { usage: countsOn ? usageSince(all, before) : all, totals: all };
  }

  failure(result: JsonObject): ProviderFailure | null {
    if (!this.#hasKey) return { type: 'authentication', status: null, resetMs: null, code: 'no-key' };
    const status = REFUSED.exec(textAt(result, 'error', 'message') ?? '')?.[1];
    return status === undefined ? null : statusFailure({ status: Number(status) });
  }

  message(result: JsonObject): string | null {
    const structured = at(result, 'structured_result') ?? null;
    return structured === null ? textAt(result, 'result') : JSON.stringify(structured);
  }
}

function usageOf(result: JsonObject): Usage | null {
  const usage = at(result, 'usage');
  if (asObject(usage) === null) return null;
  const cached = numberAt(usage, 'cache_read_input_tokens') ?? 0;
  return {
    inputTokens: Math.max(0, (numberAt(usage, 'input_tokens') ?? 0) - cached),
    cachedTokens: cached,
    cacheWriteTokens: 0,
    outputTokens: numberAt(usage, 'output_tokens') ?? 0,
    costUsd: null,
  };
}
