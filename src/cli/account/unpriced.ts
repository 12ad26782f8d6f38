import { priceOf, unknownPrice } from '../../core/price.ts';
import type { PriceTable } from '../../core/price.ts';
import { PRICES } from '../../core/prices.ts';
import type { CostGroup, TurnRecord } from '../../store/spending.ts';
import type { StoreReader } from '../../store/store.ts';

type Days = Parameters<StoreReader['costs']>[1];
const ALL: Days = { from: 0, to: Number.MAX_SAFE_INTEGER };

/** Why turns were estimated, a sentence for each model whose price nobody knows. @param prices of the configuration. */
export async function unpriced(
  reader: Pick<StoreReader, 'costs'>,
  prices: PriceTable | undefined,
  days = ALL,
): Promise<string[]> {
  const table = { ...PRICES, ...prices };
  const groups = await reader.costs('model', days);
  return groups.filter((group) => isUnpriced(group, table)).map(({ key }) => unknownPrice(key));
}

/** The same of the turns of one task. */
export function unpricedTurns(turns: readonly TurnRecord[], prices: PriceTable | undefined): string[] {
  const table = { ...PRICES, ...prices };
  const models = turns.flatMap(({ model, settled }) => (settled?.source === 'estimate' ? (model ?? []) : []));
  return [...new Set(models)].filter((model) => priceOf(model, table) === null).map(unknownPrice);
}

/** A model that nobody has named cannot be given a price. */
function isUnpriced({ key, estimatedMicros }: CostGroup, table: PriceTable): boolean {
  return key !== '' && estimatedMicros > 0 && priceOf(key, table) === null;
}
