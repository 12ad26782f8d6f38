import { expect, test } from 'vitest';
import { findScenario } from './find-scenario.ts';
import { SCENARIO_NAMES } from './scenario-names.ts';

test('what is offered is what there is', () => {
  expect(SCENARIO_NAMES.map((name) => findScenario(name).name)).toEqual(SCENARIO_NAMES);
  expect(() => findScenario('?')).toThrow(
    expect.objectContaining({ hint: `Demos are: ${SCENARIO_NAMES.join(', ')}.` }),
  );
});
