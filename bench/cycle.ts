import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { Scheduler } from '../src/reconcile/scheduler.ts';
import type { LocalYard } from '../src/reconcile/yard.ts';
import type { Benchmark, Figure } from './benchmark.ts';
import { makeLargeYard, openYard } from './large-yard.ts';
import { median } from './measure.ts';

const ROUNDS = 30;
const TASKS = 10_000;
const RUNNING = 64;
const CYCLE_MS = 50;

/** One cycle of the scheduler over a large yard. */
export const cycle: Benchmark = {
  name: 'cycle',
  about:
    'One cycle of the scheduler in its own process: 10,000 tasks (6,000 landed), 64 running with live leases, all slots full.',
  run: async ({ directory, rounds, tasks }) => {
    const state = join(directory, 'state');
    mkdirSync(state);
    const made = await makeLargeYard({ directory, state, tasks: tasks ?? TASKS, running: RUNNING });
    const yard = await openYard(made.repository, state);
    const acquired = await Scheduler.acquire(yard, () => undefined);
    if (acquired.kind === 'held') throw new Error('the yard is driven already');
    const { scheduler } = acquired;
    try {
      const firstMs = await cycleMs(scheduler, false);
      const count = rounds ?? ROUNDS;
      const [warm, busy, planning] = [
        await repeat(count, () => cycleMs(scheduler, false)),
        await repeat(count, () => afterAWrite(yard, scheduler)),
        await repeat(count, () => cycleMs(scheduler, true)),
      ];
      return [
        { what: 'first cycle of a process', value: firstMs, unit: 'ms', note: 'reads the 4,000 open task files' },
        ...spread('cycle, nothing has changed', warm),
        ...spread('cycle after a write to the store', busy),
        ...spread('cycle, --dry-run', planning),
      ];
    } finally {
      await scheduler.release();
      await yard.store.close();
    }
  },
};

function spread(what: string, samples: readonly number[]): Figure[] {
  return [
    {
      what,
      value: median(samples),
      unit: 'ms',
      atMost: CYCLE_MS,
      note: `slowest ${Math.max(...samples).toFixed(1)} ms`,
    },
  ];
}

async function cycleMs(scheduler: Scheduler, dryRun: boolean): Promise<number> {
  const startedMs = performance.now();
  const report = await scheduler.cycle({ dryRun });
  const ms = performance.now() - startedMs;
  if (report.commands.length > 0) throw new Error(`the cycle was to start nothing: ${JSON.stringify(report.commands)}`);
  return ms;
}

async function afterAWrite(yard: LocalYard, scheduler: Scheduler): Promise<number> {
  await yard.store.note('bench', {});
  return cycleMs(scheduler, false);
}

async function repeat(count: number, measure: () => Promise<number>): Promise<number[]> {
  const samples: number[] = [];
  for (let index = 0; index < count; index += 1) samples.push(await measure());
  return samples;
}
