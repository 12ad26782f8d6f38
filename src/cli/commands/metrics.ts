import { LEDGER_TYPES, PHASE_TYPE } from '../../core/ledger.ts';
import { makeMetrics } from '../../core/metrics.ts';
import type { Metrics } from '../../core/metrics.ts';
import { UserError } from '../../core/user-error.ts';
import type { StoreReader } from '../../store/store.ts';
import { EXIT } from '../context.ts';
import type { CommandContext, ExitCode } from '../context.ts';
import { readLedger, readRange, wholeRange } from '../account/read-range.ts';
import type { RangeOptions } from '../account/read-range.ts';

export interface MetricsOptions extends RangeOptions {
  readonly json?: boolean;
  readonly prometheus?: boolean;
}

/** `yard metrics`. */
export async function metricsCommand(context: CommandContext, options: MetricsOptions): Promise<ExitCode> {
  const { compose, cwd, output } = context;
  if (options.json === true && options.prometheus === true) {
    const hint = 'Leave one of them out.';
    throw new UserError({ code: 'two-formats', message: '--json and --prometheus exclude each other', hint });
  }
  const { reader } = await compose.reading(cwd);
  try {
    const metrics = await measure(reader, options, compose.clock.nowMs());
    if (options.json === true) output.json(metrics);
    else if (options.prometheus === true) {
      const { prometheusText } = await import('../../core/prometheus.ts');
      output.write(prometheusText(metrics));
    } else {
      const { metricsText } = await import('../account/metrics-text.ts');
      for (const line of metricsText(metrics, output.width)) output.print(line);
    }
    return EXIT.ok;
  } finally {
    await reader.close();
  }
}

async function measure(reader: StoreReader, options: MetricsOptions, nowMs: number): Promise<Metrics> {
  // Its counters must not go back from one look to the next, so that they are of all there ever was.
  const isWhole = options.prometheus === true && options.since === undefined && options.until === undefined;
  const range = isWhole ? await wholeRange(reader, nowMs) : await readRange(reader, options, nowMs);
  const ledger = await readLedger(reader, range, [...LEDGER_TYPES, PHASE_TYPE]);
  const headlines = await reader.headlines(ledger.landed.map(({ taskId }) => taskId));
  const leads = ledger.landed.flatMap(({ taskId, atMs }) => {
    const createdMs = headlines.get(taskId)?.createdMs;
    return createdMs === undefined ? [] : [Math.max(0, atMs - createdMs)];
  });
  return makeMetrics(ledger, range, { leads, depth: await reader.countByStatus() });
}
