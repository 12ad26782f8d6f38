import { dayOf } from '../../core/day.ts';
import { costText, microsSpent, totalOf } from '../../core/cost-report.ts';
import type { CostSums } from '../../core/cost-report.ts';
import { inertLine } from '../../core/inert.ts';
import { PRICES_DATE } from '../../core/prices.ts';
import { UserError } from '../../core/user-error.ts';
import { COST_KEYS } from '../../store/spending.ts';
import type { CostGroup, CostKey } from '../../store/spending.ts';
import { openAccountReading } from '../account/account-reading.ts';
import { unpriced } from '../account/unpriced.ts';
import { EXIT } from '../context.ts';
import type { CommandContext, ExitCode } from '../context.ts';
import { counted, formatDuration, renderTable } from '../terminal/table.ts';

export interface CostOptions {
  readonly by?: string;
  readonly days?: number;
  readonly json?: boolean;
}

const KEY_MAX = 60;
const MICROS = 1e6;

/** `yard cost [--by task|agent|model|day] [--days N]`: what turns of agents used and cost. */
export async function costCommand(context: CommandContext, options: CostOptions): Promise<ExitCode> {
  const { compose, output } = context;
  const by = keyOf(options.by);
  const { reading, config } = await openAccountReading(context);
  try {
    const today = dayOf(compose.clock.nowMs());
    const from = options.days === undefined ? 0 : today - options.days + 1;
    // Who set the clock back has spent it all the same.
    const days = { from, to: Number.MAX_SAFE_INTEGER };
    const groups = (await reading?.reader.costs(by, days)) ?? [];
    const total = totalOf(groups);
    if (options.json === true) {
      output.json({ by, pricesOf: PRICES_DATE, groups: groups.map(jsonOf), total: sumsOf(total) });
    } else if (groups.length === 0) {
      output.print(
        options.days === undefined ? 'No turn of an agent was taken yet.' : 'No turn of an agent was taken then.',
      );
    } else {
      for (const line of renderTable(rowsOf(by, groups, total), output.width)) output.print(line);
      for (const line of notesOn(total)) output.say(line);
      if (reading !== null) for (const line of await unpriced(reading.reader, config.prices, days)) output.say(line);
    }
    return EXIT.ok;
  } finally {
    await reading?.reader.close();
  }
}

function keyOf(by = 'task'): CostKey {
  const key = COST_KEYS.find((known) => known === by);
  if (key !== undefined) return key;
  throw new UserError({
    code: 'unknown-key',
    message: `yard cost adds up by ${COST_KEYS.join(', ')}, not by ${JSON.stringify(inertLine(by, 40))}`,
    hint: 'See: yard cost --help',
  });
}

function rowsOf(by: CostKey, groups: readonly CostGroup[], total: CostSums): string[][] {
  const row = (key: string, sums: CostSums): string[] => [
    key === '' ? 'not named' : inertLine(key, KEY_MAX),
    String(sums.turns),
    String(sums.inputTokens + sums.cacheWriteTokens),
    String(sums.cachedTokens),
    String(sums.outputTokens),
    formatDuration(sums.timeMs),
    costText(sums),
  ];
  return [
    [by.toUpperCase(), 'TURNS', 'INPUT', 'CACHED', 'OUTPUT', 'TIME', 'COST'],
    ...groups.map((group) => row(group.key, group)),
    ...(groups.length > 1 ? [row('total', total)] : []),
  ];
}

/** What the numbers leave out, and where they come from. */
function notesOn({ running, unknownUsage, estimatedMicros, tableMicros }: CostSums): string[] {
  const notes: string[] = [];
  if (running > 0) notes.push(`${counted(running, 'turn')} ${running === 1 ? 'runs' : 'run'}: not counted yet`);
  if (unknownUsage > 0) notes.push(`${counted(unknownUsage, 'turn')} did not say how many tokens: not counted there`);
  if (estimatedMicros > 0)
    notes.push('estimated: nobody says what it cost; budgets.estimate.usd is taken for each turn');
  if (tableMicros > 0) notes.push(`prices of models: as of ${PRICES_DATE}, or as prices in the configuration says`);
  return notes;
}

function jsonOf({ key, ...sums }: CostGroup): object {
  return { key, ...sumsOf(sums) };
}

function sumsOf({ reportedMicros, tableMicros, estimatedMicros, ...counts }: CostSums): object {
  return {
    ...counts,
    usd: microsSpent({ ...counts, reportedMicros, tableMicros, estimatedMicros }) / MICROS,
    usdReported: reportedMicros / MICROS,
    usdByPrice: tableMicros / MICROS,
    usdEstimated: estimatedMicros / MICROS,
  };
}
