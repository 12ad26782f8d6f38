import { quote } from '../../config/quote.ts';
import { UserError } from '../../core/user-error.ts';
import { BACKLOG } from './backlog.ts';
import { HOSTILE } from './hostile.ts';
import type { Scenario } from './scenario.ts';
import { STEER } from './steer.ts';

const SCENARIOS: readonly Scenario[] = [BACKLOG, HOSTILE, STEER];

/** @throws UserError `no-such-scenario`. */
export function findScenario(name: string): Scenario {
  const found = SCENARIOS.find((scenario) => scenario.name === name);
  if (found !== undefined) return found;
  throw new UserError({
    code: 'no-such-scenario',
    message: `there is no demo ${quote(name, 60)}`,
    hint: `Demos are: ${SCENARIOS.map((scenario) => scenario.name).join(', ')}.`,
  });
}
