import { beforeAll, expect, test, vi } from 'vitest';
import { temporaryDirectory, useTemporaryDirectory } from '../fixtures/temporary-directory.ts';
import { failpointNames, readSources } from './failpoint-names.ts';
import { RUNS_ALL } from '../long-tests.ts';
import { formatCase } from './fault.ts';
import type { FaultCase } from './fault.ts';
import type { CaseResult } from './run-case.ts';
import { quietRuns, runCases } from './run-cases.ts';
import type { QuietRuns } from './run-cases.ts';
import { COVERED_ELSEWHERE, Sweep, firstHits } from './sweep.ts';

/*
 * The part of the campaign that runs with every change: each failpoint strikes once, a few of them in each run, and some
 * pairs at random. `npm run faults` has the rest; docs/promises.md tells of it.
 */

// Each case starts dozens of processes, on machines that may be busy with other things.
vi.setConfig({ testTimeout: 900_000, hookTimeout: 300_000 });

const PAIRS = RUNS_ALL ? 2 : 1;
/** Of the failpoints, in a run for every commit: other ones each day. */
const SHARE = RUNS_ALL ? 1 : 8;
/** Another one each day. */
const SEED = Math.floor(Date.now() / 86_400_000);

let quiet: QuietRuns;

beforeAll(async () => {
  await using directory = await temporaryDirectory('quiet');
  quiet = await quietRuns(directory.path);
});

test(`case 1: a kill at one of ${SHARE} failpoints, and ${PAIRS} pairs of faults (seed ${SEED}): all converges, nothing is lost`, async () => {
  const names = failpointNames(readSources());
  const chosen = names.filter((_, index) => (index + SEED) % SHARE === 0);
  const plan = new Sweep(names, quiet, SEED);
  const cases = [...firstHits(chosen, quiet), ...Array.from({ length: PAIRS }, () => plan.pair())];
  await runWithoutLoss(cases, chosen);
});

test(`case 11: no room at one of ${3 * SHARE} writes to the store and git commands (seed ${SEED}): all converges`, async () => {
  const names = failpointNames(readSources()).filter((name) => /^(?:store|git)\..*:before$/.test(name));
  const chosen = names.filter((_, index) => (index + SEED) % (3 * SHARE) === 0);
  await runWithoutLoss(firstHits(chosen, quiet, 'enospc'), chosen);
});

/** Runs the cases: nothing is lost, and no name was passed by, but for those that another test has. */
async function runWithoutLoss(cases: readonly FaultCase[], names: readonly string[]): Promise<void> {
  const results = await runAll(cases);
  const losses = results.flatMap(({ name, losses: lost }) => lost.map((loss) => ({ again: name, ...loss })));
  expect(losses).toEqual([]);
  const struck = new Set(results.flatMap(({ delivered }) => delivered.map(({ name }) => name)));
  const elsewhere = (name: string): boolean => COVERED_ELSEWHERE[name.slice(0, name.indexOf(':'))] !== undefined;
  expect(names.filter((name) => !struck.has(name) && !elsewhere(name))).toEqual([]);
}

async function runAll(cases: readonly FaultCase[]): Promise<CaseResult[]> {
  const directory = await useTemporaryDirectory('faults');
  const left = [...cases];
  const results: CaseResult[] = [];
  await runCases(() => left.shift() ?? null, { directory, quiet, onResult: (result) => void results.push(result) });
  expect(results.map(({ name }) => name).toSorted()).toEqual(cases.map(formatCase).toSorted());
  return results;
}
