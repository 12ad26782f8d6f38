import { microsOf } from './budget.ts';
import { inertLine } from './inert.ts';
import type { Usage } from './usage.ts';

/** Of a model, in US dollars for a million tokens. */
export interface Price {
  readonly input: number;
  readonly output: number;
  /** Input that is read from the cache; as `input` unless said, which is never too little. */
  readonly cachedInput?: number | undefined;
  /** Input that is written to the cache; as `input` unless said. */
  readonly cacheWrite?: number | undefined;
}

/** Prices by the name of the model. */
export type PriceTable = Readonly<Record<string, Price>>;

/** Who says what a turn cost. `estimate`: nobody; what the operator takes for it counts. */
export type CostSource = 'reported' | 'table' | 'estimate';

export interface Cost {
  readonly usdMicros: number;
  readonly source: CostSource;
}

/**
 * What a turn cost: as its program reports it, else by the price of its model, else as the operator estimates it. A cost
 * that nobody knows is never nothing.
 *
 * @param usage null: nothing is known of it.
 * @param estimateMicros of a turn.
 */
export function costOf(usage: Usage | null, model: string | null, table: PriceTable, estimateMicros: number): Cost {
  if (usage !== null && usage.costUsd !== null) return { usdMicros: microsOf(usage.costUsd), source: 'reported' };
  const price = model === null ? null : priceOf(model, table);
  if (usage === null || price === null) return { usdMicros: estimateMicros, source: 'estimate' };
  return { usdMicros: priced(usage, price), source: 'table' };
}

/** By its name, or by the name without the date that providers put behind it (`claude-opus-4-1-20250805`). */
export function priceOf(model: string, table: PriceTable): Price | null {
  for (const name of [model, model.slice(model.lastIndexOf('/') + 1)]) {
    for (const known of [name, name.replace(/-20[0-9]{2}-?[0-9]{2}-?[0-9]{2}$/, '')]) {
      const price = Object.hasOwn(table, known) ? table[known] : undefined;
      if (price !== undefined) return price;
    }
  }
  return null;
}

/** What is said of a model that nobody knows the price of, and what helps. */
export function unknownPrice(model: string): string {
  const name = inertLine(model, MODEL_MAX);
  return `nobody says what ${name} costs: each of its turns counts as budgets.estimate.usd; set prices.${name} in .yard/config.yaml ({ input, output }, US dollars for a million tokens)`;
}

const MODEL_MAX = 100;

function priced(usage: Usage, { input, output, cachedInput = input, cacheWrite = input }: Price): number {
  // Dollars for a million tokens are millionths of a dollar for one.
  const micros =
    usage.inputTokens * input +
    usage.cachedTokens * cachedInput +
    usage.cacheWriteTokens * cacheWrite +
    usage.outputTokens * output;
  return Math.ceil(Math.round(micros * 1000) / 1000);
}
