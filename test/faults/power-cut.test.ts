import { expect, test, vi } from 'vitest';
import { seededRandom } from '../fixtures/store/seeded-random.ts';
import { useTemporaryDirectory } from '../fixtures/temporary-directory.ts';
import { whyNoDisk } from './disk.ts';
import { cutUnderWriter, cutUnderYard } from './power-cut.ts';
import { quietRun } from './run-case.ts';

// What was acknowledged is there after a power cut (P1). Needs root and a loop device.

const WRITES = 300;
/** The case asks for 30; a few of them take seconds. */
const CUTS = process.env['YARD_FAULTS'] === 'all' ? 30 : 3;
const LATEST_MS = 2_000;
/** Another one each day. */
const SEED = Math.floor(Date.now() / 86_400_000);

vi.setConfig({ testTimeout: CUTS * 100_000 });

test('P1: every acknowledged write is there after a power cut; the variant store-not-synced is caught', async (context) => {
  const directory = await useTemporaryDirectory('disk');
  const why = whyNoDisk(directory);
  if (why !== null) return context.skip(`no disk can be made here: ${why}`);
  const sound = await cutUnderWriter(directory, WRITES);
  expect(sound.found).toBeGreaterThanOrEqual(sound.acknowledged);
  const broken = await cutUnderWriter(directory, WRITES, ['store-not-synced']);
  expect(broken.found).toBeLessThan(broken.acknowledged);
});

test(`case 8: a power cut under a whole yard (seed ${SEED}): the next run comes to the same end`, async (context) => {
  const directory = await useTemporaryDirectory('disk');
  const why = whyNoDisk(directory);
  if (why !== null) return context.skip(`no disk can be made here: ${why}`);
  const { tree } = await quietRun(directory, 'small');
  const random = seededRandom(SEED);
  for (let cut = 1; cut <= CUTS; cut += 1) {
    const afterMs = Math.round(random() * LATEST_MS);
    expect({ afterMs, ...(await cutUnderYard(directory, `yard-${cut}`, { afterMs }, tree)) }).toMatchObject({
      losses: [],
    });
  }
});

test.for([
  // The import is done, its event is not: it may be lost, and is made again.
  ['store.finish:before', 2, 0],
  // The second attempt to end was accepted, or the first one was.
  ['store.finish:after', 2, 1],
] as const)(
  'case 9: a power cut at %s, hit %i: no event names an object that is missing',
  async ([name, hit, least], context) => {
    const directory = await useTemporaryDirectory('disk');
    const why = whyNoDisk(directory);
    if (why !== null) return context.skip(`no disk can be made here: ${why}`);
    const { tree } = await quietRun(directory, 'small');
    const cut = await cutUnderYard(directory, 'yard', { at: { name, hit, action: 'stop' } }, tree);
    expect(cut).toMatchObject({ losses: [], late: false });
    expect(cut.accepted).toBeGreaterThanOrEqual(least);
  },
);
