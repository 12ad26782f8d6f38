import { textOf, valueOf } from './event-data.ts';
import { isMachine } from './need.ts';
import type { NoticeItem } from './notice.ts';
import type { YardEvent } from './yard-event.ts';

/** What has happened that somebody may have to be told of. Whether they still have to is for the state to say. */
export interface Pending {
  /** That began to wait for a person. */
  readonly taskIds: ReadonlySet<string>;
  readonly stopped: boolean;
  readonly breaker: boolean;
  /** Names of those that began to need a person. */
  readonly pools: ReadonlySet<string>;
  /** The last run that ended so that a person is needed. */
  readonly ended: NoticeItem | null;
  /** Number of the last of these events: a message that is sent again has the same. */
  readonly lastSeq: number;
}

export const NOTHING_PENDING: Pending = {
  taskIds: new Set(),
  stopped: false,
  breaker: false,
  pools: new Set(),
  ended: null,
  lastSeq: 0,
};

/** What a person does with a task: they have seen it. */
const SEEN: ReadonlySet<string> = new Set([
  'task.answered',
  'task.approved',
  'task.refused',
  'task.parked',
  'task.unparked',
  'task.cancelled',
  'task.superseded',
]);

/** Of tasks: whatever may leave one blocked or parked, and what people do with such. */
export const NOTICE_TYPES: readonly string[] = [
  ...SEEN,
  'task.person-needed',
  'task.unapproved',
  'task.product-failure',
  'task.infrastructure-failure',
  'task.integrity-failure',
  'task.lease-lost',
  'task.no-progress',
  'task.conflicted',
  'task.blamed',
  'task.review-closed',
  'yard.stopped',
  'breaker.opened',
  'pool.person-needed',
  'pool.cleared',
  'run.ended',
];

export function addPending(pending: Pending, events: readonly YardEvent[]): Pending {
  const taskIds = new Set(pending.taskIds);
  const pools = new Set(pending.pools);
  let { stopped, breaker, ended } = pending;
  for (const { type, taskId, data } of events) {
    if (type === 'yard.stopped') stopped = isMachine(textOf(data, 'by')) || stopped;
    else if (type === 'breaker.opened') breaker = true;
    else if (type === 'pool.person-needed') pools.add(textOf(data, 'pool'));
    else if (type === 'pool.cleared') pools.delete(textOf(data, 'pool'));
    else if (type === 'run.ended')
      ended = endedItem(textOf(valueOf(data, 'end') ?? null, 'kind'), valueOf(data, 'exitCode'));
    else if (SEEN.has(type)) taskIds.delete(taskId ?? '');
    else if (taskId !== null && isWaiting(textOf(data, 'to'))) taskIds.add(taskId);
  }
  return { taskIds, stopped, breaker, pools, ended, lastSeq: events.at(-1)?.seq ?? pending.lastSeq };
}

export function isPending({ taskIds, stopped, breaker, pools, ended }: Pending): boolean {
  return taskIds.size > 0 || pools.size > 0 || stopped || breaker || ended !== null;
}

function isWaiting(status: string): boolean {
  return status === 'blocked' || status === 'parked';
}

/** By the way in which it ended; what a person ended needs no telling. */
const ENDED: Readonly<Record<string, readonly [text: string, ...commands: string[]]>> = {
  settled: ['the run has ended, and what is left needs a person', 'yard report'],
  'time-limit': ['the run has reached its time limit', 'yard report', 'yard run'],
  failures: ['the run has ended: too many attempts failed in a row', 'yard breaker', 'yard breaker reset', 'yard run'],
};
const DONE = 0;

function endedItem(end: string, exitCode: unknown): NoticeItem | null {
  const [text, ...commands] = ENDED[end] ?? [];
  if (text === undefined || exitCode === DONE) return null;
  return { kind: 'stopped', taskId: null, title: '', text, commands };
}
