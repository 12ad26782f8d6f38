import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { temporaryDirectory, useTemporaryDirectory } from '../fixtures/temporary-directory.ts';
import type { TemporaryDirectory } from '../fixtures/temporary-directory.ts';
import { parseCase } from './fault.ts';
import type { PromiseId } from './fault.ts';
import { quietRun, runCase } from './run-case.ts';
import type { QuietRun } from './run-case.ts';

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

const VARIANTS: readonly Variant[] = [
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
];

let quiet: QuietRun;
let quietDirectory: TemporaryDirectory;

beforeAll(async () => {
  quietDirectory = await temporaryDirectory('quiet');
  quiet = await quietRun(quietDirectory.path, 'small');
});

afterAll(() => quietDirectory[Symbol.asyncDispose]());

test.each(VARIANTS)('$promise: the variant $defect is caught', async ({ defect, promise, case: name, ...patience }) => {
  const directory = await useTemporaryDirectory('defect');
  const fault = parseCase(name);
  const { tree } = quiet;
  const [sound, broken] = await Promise.all([
    runCase(fault, { directory, tree }),
    runCase(fault, { directory, tree, defects: [defect], ...patience }),
  ]);
  expect(sound).toMatchObject({ losses: [], delivered: fault.faults });
  expect(broken.delivered).toEqual(fault.faults);
  expect(broken.losses.map((loss) => loss.promise)).toContain(promise);
});
