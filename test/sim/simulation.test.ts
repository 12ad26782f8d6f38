import { describe, expect, test } from 'vitest';
import { runSimulations } from './campaign.ts';
import { DEFECTS } from './defect.ts';
import type { Defect } from './defect.ts';
import { simulate } from './simulation.ts';

/** Seeds of every run are new ones; a failure names its own. */
const FROM = Date.now() % 1_000_000_000;
const HISTORIES = 150;
/** A defect that stays unseen for longer would not be found by a campaign either. */
const ENOUGH = 5_000;

describe('a simulated yard', () => {
  test(`keeps its promises through ${HISTORIES} histories from seed ${FROM}`, async () => {
    const { histories, failures } = await runSimulations({ seed: FROM, histories: HISTORIES });
    expect(failures).toEqual([]);
    expect(histories).toBe(HISTORIES);
  });

  test('the same seed gives the same history, step by step', async () => {
    const first = await simulate(FROM);
    expect(first.steps).toBeGreaterThan(10);
    expect(await simulate(FROM)).toEqual(first);
  });

  test.each(Object.entries(DEFECTS) as [Defect, string][])(
    '%s is found out, as a breach of %s',
    async (defect, promise) => {
      const { failures } = await runSimulations({ seed: FROM, histories: ENOUGH, defect, maxFailures: 1 });
      const broken = failures.flatMap(({ violations }) => violations.map((violation) => violation.promise));
      expect(broken).toContain(promise);
    },
  );
});
