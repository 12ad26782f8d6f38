import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { temporaryDirectory } from '../fixtures/temporary-directory.ts';
import type { TemporaryDirectory } from '../fixtures/temporary-directory.ts';
import { parseCase } from './fault.ts';
import type { PromiseId } from './fault.ts';
import { quietRun, runCase } from './run-case.ts';
import type { CaseResult, QuietRun } from './run-case.ts';

/*
 * A campaign that would not notice a broken program proves nothing. Each of these variants breaks one promise on purpose
 * (`isDefective` in `src/process/failpoint.ts`), and the smallest case that can show it must report it under that
 * promise. The same case loses nothing in the program as it is. For P1 see `power-cut.test.ts`.
 */

// Each case starts dozens of processes, on machines that may be busy with other things.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

interface Variant {
  readonly defect: string;
  readonly promise: PromiseId;
  readonly case: string;
  readonly patienceMs?: number;
  readonly quietMs?: number;
}

const VARIANTS = [
  // Two tasks land that were not tested together.
  { defect: 'landed-unproved', promise: 'P2', case: 'store.importTasks:after:1:delay' },
  // The train dies between the swap and its record, and the next one takes the landing for undone.
  { defect: 'landed-again', promise: 'P3', case: 'store.closeLanding:before:1:kill' },
  // A scheduler stands still at a dispatch, another takes its lease, and it goes on.
  { defect: 'stale-token-accepted', promise: 'P4', case: 'store.dispatch:before:1:stop+usurper-drains' },
  // An attempt dies and nobody clears up after it.
  { defect: 'dead-owner-ignored', promise: 'P5', case: 'store.finish:before:1:kill', patienceMs: 15_000 },
  // The disk is full when a commit's evidence is written, and the attempt goes on as if it had been.
  { defect: 'full-disk-ignored', promise: 'P6', case: 'file.sync:before:25:enospc' },
  // An attempt and its scheduler die, the target moves, and the lane is filled anew.
  {
    defect: 'lane-not-salvaged',
    promise: 'P7',
    case: 'git.fast-import:before:1:kill,store.lose:before:1:kill+target-moves',
  },
  // What agents and gates leave behind.
  { defect: 'processes-not-ended', promise: 'P8', case: 'store.importTasks:after:1:delay', quietMs: 3_000 },
] as const satisfies readonly Variant[];

/** Each of its agents and gates keeps the yard waiting for what it left behind: that goes on beside all others. */
const SLOW: Variant = VARIANTS[6];

let quiet: QuietRun;
let quietDirectory: TemporaryDirectory;
let slowRun: Promise<CaseResult>;

beforeAll(async () => {
  quietDirectory = await temporaryDirectory('quiet');
  quiet = await quietRun(quietDirectory.path, 'small');
  slowRun = brokenRun(SLOW);
  // It is looked at by its own test.
  slowRun.catch(() => undefined);
});

afterAll(() => quietDirectory[Symbol.asyncDispose]());

/** Of each case once, whatever variants it shows. */
const soundRuns = new Map<string, Promise<CaseResult>>();

function soundRun(name: string): Promise<CaseResult> {
  const { path: directory } = quietDirectory;
  const run = soundRuns.get(name) ?? runCase(parseCase(name), { directory, tree: quiet.tree });
  soundRuns.set(name, run);
  return run;
}

function brokenRun({ case: name, defect, promise: _, ...patience }: Variant): Promise<CaseResult> {
  const { path: directory } = quietDirectory;
  return runCase(parseCase(name), { directory, tree: quiet.tree, defects: [defect], ...patience });
}

test.each(VARIANTS)('$promise: the variant $defect is caught', async (variant) => {
  const { faults } = parseCase(variant.case);
  const [sound, broken] = await Promise.all([soundRun(variant.case), variant === SLOW ? slowRun : brokenRun(variant)]);
  expect(sound).toMatchObject({ losses: [], delivered: faults });
  expect(broken.delivered).toEqual(faults);
  expect(broken.losses.map((loss) => loss.promise)).toContain(variant.promise);
});
