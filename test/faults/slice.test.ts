import { expect, test, vi } from 'vitest';
import { useTemporaryDirectory } from '../fixtures/temporary-directory.ts';
import { failpointNames, readSources } from './failpoint-names.ts';
import { formatCase } from './fault.ts';
import type { FaultCase } from './fault.ts';
import type { CaseResult } from './run-case.ts';
import { quietRuns, runCases } from './run-cases.ts';
import { COVERED_ELSEWHERE, Sweep, firstHits } from './sweep.ts';

/*
 * The part of the campaign that runs with every change: each failpoint strikes once, a few of them in each run, and some
 * pairs at random. `npm run faults` has the rest; docs/promises.md tells of it.
 */

// Each case starts dozens of processes, on machines that may be busy with other things.
vi.setConfig({ testTimeout: 900_000 });

const PAIRS = 2;
/** Another one each day. */
const SEED = Math.floor(Date.now() / 86_400_000);

test(`case 1: a kill at each failpoint, and ${PAIRS} pairs of faults (seed ${SEED}): all converges, nothing is lost`, async () => {
  const directory = await useTemporaryDirectory('faults');
  const names = failpointNames(readSources());
  const quiet = await quietRuns(directory);
  const plan = new Sweep(names, quiet, SEED);
  const cases = [...firstHits(names, quiet), ...Array.from({ length: PAIRS }, () => plan.pair())];
  const results = await runAll(cases, directory, quiet);
  const losses = results.flatMap(({ name, losses: lost }) => lost.map((loss) => ({ again: name, ...loss })));
  expect(losses).toEqual([]);
  // None was passed by: each name struck, but for those that another test has.
  const struck = new Set(results.flatMap(({ delivered }) => delivered.map(({ name }) => name)));
  const elsewhere = (name: string): boolean => COVERED_ELSEWHERE[name.slice(0, name.indexOf(':'))] !== undefined;
  expect(names.filter((name) => !struck.has(name) && !elsewhere(name))).toEqual([]);
});

async function runAll(
  cases: readonly FaultCase[],
  directory: string,
  quiet: Parameters<typeof firstHits>[1],
): Promise<CaseResult[]> {
  const left = [...cases];
  const results: CaseResult[] = [];
  await runCases(() => left.shift() ?? null, { directory, quiet, onResult: (result) => void results.push(result) });
  expect(results.map(({ name }) => name).toSorted()).toEqual(cases.map(formatCase).toSorted());
  return results;
}
