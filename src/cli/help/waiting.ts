import type { WaitingReason } from '../../core/waiting.ts';
import { wrapText } from '../terminal/wrap.ts';
import { definitionLines } from './definitions.ts';
import type { Definition } from './definitions.ts';

const MEANINGS: { readonly [R in WaitingReason]: string } = {
  stopped: 'The yard is stopped. Go on with: yard resume',
  paused: 'The yard, its area, its agent or the train is paused. Go on with: yard resume',
  ending: 'Processes of its last attempt are still being ended. It goes on by itself.',
  failures: 'Too many attempts failed in a row. Look: yard breaker; then: yard breaker reset',
  problem: 'Its file or the configuration has a mistake, which yard why ID names. Correct it.',
  dependency: 'A task that it comes after has not landed.',
  cycle: 'Tasks come after each other in a circle. Take one link out: yard edit ID --drop-after OTHER',
  'not-before': 'It was put off after a failure of the machine or a provider. At once: yard wake ID',
  backlog: 'Too many accepted tasks wait to land (limits.backlog). It goes on by itself.',
  disk: 'The disk is nearly full. Make room (yard gc), and it goes on by itself.',
  scope: 'A task that has not landed owns paths that overlap its own.',
  area: 'As many attempts run in its area as may (areas.NAME.concurrent).',
  pool: 'The account of its agent takes no more now. Look: yard pools; after mending it: yard pools clear NAME',
  budget: 'The budget of the day or of the run is spent (budgets.day, budgets.run).',
  slots: 'As many attempts run as may (limits.concurrent).',
  'cycle-limit': 'This cycle has started as many as it may (limits.dispatchPerCycle); a next one does.',
  lost: 'Its attempt has ended without saying so. The next cycle of yard run starts it again.',
  question: 'It asks you something. Answer with: yard answer ID TEXT',
  approval: 'It changed protected paths. Look: yard diff ID; then: yard approve ID, or yard refuse ID',
  train: 'Other accepted tasks land before it. It goes on by itself.',
  'landing-blocked': 'Nothing can land, for the reason that yard why ID names.',
  parked: 'It is parked. Put it back with: yard unpark ID',
};

/** `yard help waiting`. */
export function waitingLines(width: number): string[] {
  const reasons = Object.entries(MEANINGS).map(([reason, meaning]): Definition => [reason, meaning]);
  return [
    ...wrapText('Why a task waits, as yard why ID and yard status --json name it:', width),
    ...definitionLines(reasons, width),
    '',
    'Of one task: yard why ID',
  ];
}
