import { transitions, whenSpent } from '../../core/transition-table.ts';
import type { Transition } from '../../core/transition-table.ts';
import { TASK_STATUSES } from '../../core/task-state.ts';
import type { TaskStatus } from '../../core/task-state.ts';
import { wrapText } from '../terminal/wrap.ts';
import { definitionLines } from './definitions.ts';
import type { Definition } from './definitions.ts';

const MEANINGS: { readonly [S in TaskStatus]: string } = {
  proposed: 'Suggested by an agent; nobody has said yet that it is to be done.',
  ready: 'It starts as soon as nothing is in its way (yard why ID).',
  running: 'An agent, or its gate, is at work on it.',
  blocked: 'It waits for your answer or your approval.',
  accepted: 'Green by itself; it waits for the train.',
  landing: 'On the train: combined with the target, and tested again.',
  'in-review': 'Its pull request is open.',
  landed: 'On the target. Final.',
  parked: 'Its retries are spent, a rule refused it, or you parked it: yard unpark puts it back.',
  cancelled: 'Withdrawn. Final; its work is kept.',
  superseded: 'Another task stands in its place. Final.',
};

/** `yard help states`. */
export function stateLines(width: number): string[] {
  const rows = transitions();
  return [
    'The states of a task:',
    ...definitionLines(
      TASK_STATUSES.map((status): Definition => [status, MEANINGS[status]]),
      width,
    ),
    '',
    ...wrapText('What leads from one to another, and who does it:', width),
    ...TASK_STATUSES.flatMap((status) => leavingLines(status, rows, width)),
    '',
    ...wrapText('A budget that is spent is full again once a person puts the task back.', width),
    'Why a task waits: yard help waiting',
  ];
}

function leavingLines(status: TaskStatus, rows: readonly Transition[], width: number): string[] {
  const leaving = rows.filter(({ from }) => from === status);
  if (leaving.length === 0) return [];
  return ['', `${status}:`, ...definitionLines(leaving.map(describe), width)];
}

function describe(row: Transition): Definition {
  const to = row.to === row.toWhenSpent ? row.to : `${row.to}; ${row.toWhenSpent} when ${whenSpent(row)}`;
  const when = row.note === '' ? '' : `, if ${row.note}`;
  return [row.event, `${to} (${row.by}${when})${row.spends.includes('retries') ? '; spends a retry' : ''}`];
}
