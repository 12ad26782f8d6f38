import { compareIds, Frontier } from '../core/frontier.ts';
import { inertLine } from '../core/inert.ts';
import { waitingOf } from '../core/plan.ts';
import type { Snapshot } from '../core/snapshot.ts';
import { isFinal } from '../core/task-state.ts';
import type { TaskStatus } from '../core/task-state.ts';
import { describeWaiting } from '../core/waiting.ts';
import { observe } from '../reconcile/observe.ts';
import type { AttemptRecord, TaskRow } from '../store/store.ts';
import type { Pin } from '../config/pin.ts';
import { isHeld } from '../store/lease-holder.ts';
import type { Reading } from './context.ts';
import type { Clock } from '../core/clock.ts';

export interface WaitingView {
  readonly reason: string;
  readonly detail: string;
}

export interface TaskStatusView {
  readonly id: string;
  readonly title: string;
  readonly status: TaskStatus;
  /** Number of the newest attempt; 0 before the first. */
  readonly attempt: number;
  readonly waiting: readonly WaitingView[];
  readonly area: string | null;
  readonly priority: number;
}

export interface RunningView {
  readonly id: string;
  readonly attempt: number;
  readonly agent: string;
  readonly phase: string;
  readonly ageMs: number;
  readonly idleMs: number;
  readonly activity: string;
}

export interface StatusView {
  readonly target: string | null;
  readonly stopped: { readonly by: string; readonly why: string } | null;
  readonly scheduler: { readonly pid: number } | null;
  readonly counts: Readonly<Record<TaskStatus, number>>;
  readonly running: readonly RunningView[];
  readonly tasks: readonly TaskStatusView[];
}

const DETAIL_MAX = 2_000;

/** What `status` shows: states from the store, reasons from the scheduler's own predicate. */
export async function makeStatus(reading: Reading, clock: Clock): Promise<StatusView> {
  const { reader, pin } = reading;
  const [snapshot, rows, attempts] = [
    await makeSnapshot(reading, clock),
    await reader.rows(),
    await reader.runningAttempts(),
  ];
  const nowMs = clock.nowMs();
  const scheduler = await reader.lease('scheduler');
  return {
    target: pin?.config.target ?? null,
    stopped: snapshot?.stopped ?? (await reader.control()).stopped,
    scheduler: scheduler?.owner && isHeld(scheduler, clock.monotonicMs()) ? { pid: scheduler.owner.pid } : null,
    counts: await reader.countByStatus(),
    running: attempts.map((attempt) => runningView(attempt, nowMs)).toSorted((a, b) => compareIds(a.id, b.id)),
    tasks: taskViews(rows, snapshot, nowMs),
  };
}

/** The snapshot as the scheduler would see it now; null before the first run. */
export async function makeSnapshot(reading: Reading, clock: Clock): Promise<Snapshot | null> {
  const { reader, pin } = reading;
  if (pin === null) return null;
  const view = await reader.view();
  return observe(view, {
    config: pin.config,
    landingBlocked: await landingBlocked(reading, pin, view.rows),
    monotonicMs: clock.monotonicMs(),
    trainStarting: false,
  });
}

/** Git is asked only where something waits to land. */
async function landingBlocked(
  { stateDirectory, location }: Reading,
  { config, repository }: Pin,
  rows: readonly TaskRow[],
): Promise<string | null> {
  if (!rows.some(({ state }) => state.status === 'accepted' || state.status === 'landing')) return null;
  const [{ openDepot }, { peekTarget }] = await Promise.all([
    import('../git/depot.ts'),
    import('../git/target-sync.ts'),
  ]);
  const depot = await openDepot(stateDirectory, repository.format);
  return peekTarget({ repository: location, depot, ref: `refs/heads/${config.target}` });
}

function taskViews(rows: readonly TaskRow[], snapshot: Snapshot | null, nowMs: number): TaskStatusView[] {
  const live = new Map(snapshot?.tasks.map((task) => [task.id, task]));
  const frontier = snapshot === null ? null : new Frontier(snapshot, nowMs);
  return rows
    .map((row) => {
      const task = isFinal(row.state.status) ? undefined : live.get(row.id);
      const waiting =
        task === undefined || snapshot === null || frontier === null ? [] : waitingOf(task, snapshot, frontier);
      return {
        id: row.id,
        title: row.title,
        status: row.state.status,
        attempt: row.attempts,
        waiting: waiting.map((entry) => ({
          reason: entry.reason,
          detail: inertLine(describeWaiting(entry, row.id), DETAIL_MAX),
        })),
        area: row.area,
        priority: row.priority,
      };
    })
    .toSorted((a, b) => compareIds(a.id, b.id));
}

export function runningView(attempt: AttemptRecord, nowMs: number): RunningView {
  return {
    id: attempt.taskId,
    attempt: attempt.attempt,
    agent: attempt.agent,
    phase: attempt.phase,
    ageMs: Math.max(0, nowMs - attempt.startedMs),
    idleMs: Math.max(0, nowMs - attempt.activityMs),
    activity: inertLine(attempt.activity, 200),
  };
}
