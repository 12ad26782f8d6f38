import { inertLine } from '../../core/inert.ts';
import type { TaskState } from '../../core/task-state.ts';
import type { AttemptRecord, TaskRecord } from '../../store/store.ts';
import { formatDuration } from '../terminal/table.ts';

/** Where a task stands, as what is said of it. `last`: its newest attempt. */
export function stateSentence({ state, counters }: TaskRecord, last: AttemptRecord | null, nowMs: number): string {
  const spent = counters.retries > 0 ? `, after ${counters.retries} of its attempts failed` : '';
  switch (state.status) {
    case 'running':
      return `is running: attempt ${state.attempt}, ${last?.phase ?? 'starting'} for ${formatDuration(nowMs - (last?.startedMs ?? nowMs))}${doing(last)}`;
    case 'landed':
      return `has landed as ${state.commit}`;
    case 'superseded':
      return `was superseded by ${state.by}`;
    case 'parked':
      return `is parked${spent}`;
    default:
      return `is ${plainStatus(state)}${spent}`;
  }
}

const DOING_MAX = 200;

/** What its agent does, or that it waits for its provider. */
function doing(last: AttemptRecord | null): string {
  if (last?.phase !== 'implementing' || last.activity === '') return '';
  return `: ${inertLine(last.activity, DOING_MAX)}`;
}

function plainStatus(state: TaskState): string {
  return state.status === 'blocked' ? 'blocked until a person decides' : state.status;
}
