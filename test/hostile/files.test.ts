import { describe, expect, test } from 'vitest';
import { FILE_PLANTS, REPORT_PLANTS } from '../fixtures/hostile/file-plants.ts';
import { massPlants, NAME_PLANTS, REFUSED_NAMES } from '../fixtures/hostile/name-plants.ts';
import { FORGED_PLANTS, PROJECT_PLANTS, PROTECTED } from '../fixtures/hostile/repository-plants.ts';
import { isTriedWhole, MASS, plantsFor, SharedLife } from '../fixtures/hostile/shared-life.ts';

// Files, names and words: nothing of the host's is read, followed, believed or changed by way of them.

const MASSES = massPlants(MASS);
// The first land last: what comes after very many files pays for them.
const PLANTS = [...MASSES, ...PROJECT_PLANTS, ...FORGED_PLANTS, ...FILE_PLANTS, ...REPORT_PLANTS, ...NAME_PLANTS];

describe.each(['none', 'bubblewrap'] as const)('sandbox %s', (sandbox) => {
  const life = new SharedLife(plantsFor(sandbox, PLANTS), sandbox);

  test('case 52: what other programs run or believe waits for a person', (context) => {
    life.judge(context, PROJECT_PLANTS);
    const [, outcome] = life.get(context).fate('PROJECT-1').outcomes;
    expect(outcome).toMatchObject({ kind: 'needs-approval', paths: PROTECTED.map(([path]) => path) });
  });

  test('case 53: links, FIFOs, devices and races in the place of files', (context) => life.judge(context, FILE_PLANTS));
  test('case 53: what stands in the place of a report', (context) => life.judge(context, REPORT_PLANTS));

  test('case 57: no word makes a red gate green', (context) => {
    life.judge(context, FORGED_PLANTS);
    expect(life.get(context).fate('FORGED-1').outcomes[1]).toMatchObject({ kind: 'gate-red' });
  });

  if (isTriedWhole(sandbox)) {
    test('names that git cannot hold are refused, and odd ones land', (context) => {
      life.judge(context, NAME_PLANTS);
      const [, outcome] = life.get(context).fate('NAME-1').outcomes;
      expect(outcome).toMatchObject({ kind: 'policy', paths: REFUSED_NAMES.map((name) => `NAME-1/${name}`) });
    });

    test('very many files, and a very long line', (context) => life.judge(context, MASSES));
  }

  test('nothing ran, nothing outside was changed, every landed tree was proven', (context) => life.judgeWhole(context));
});
