import { compareIds, Frontier } from '../core/frontier.ts';
import { inertLine } from '../core/inert.ts';
import { waitingOf } from '../core/plan.ts';
import type { Snapshot } from '../core/snapshot.ts';
import type { TaskStatus } from '../core/task-state.ts';
import { describeWaiting } from '../core/waiting.ts';
import { observe } from '../reconcile/observe.ts';
import type { AttemptRecord, FinishedRow, StoreView, TaskRow } from '../store/store.ts';
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
  const view = await reader.view();
  const snapshot = await snapshotOf(reading, view, clock);
  const [finished, attempts] = [await reader.finished(), await reader.runningAttempts()];
  const nowMs = clock.nowMs();
  const scheduler = view.leases.find(({ resource }) => resource === 'scheduler');
  return {
    target: pin?.config.target ?? null,
    stopped: view.control.stopped,
    scheduler: scheduler?.owner && isHeld(scheduler, clock.monotonicMs()) ? { pid: scheduler.owner.pid } : null,
    counts: await reader.countByStatus(),
    running: attempts.map((attempt) => runningView(attempt, nowMs)).toSorted((a, b) => compareIds(a.id, b.id)),
    tasks: taskViews(view.rows, finished, snapshot, nowMs),
  };
}

/** The snapshot as the scheduler would see it now; null before the first run. */
export async function makeSnapshot(reading: Reading, clock: Clock): Promise<Snapshot | null> {
  return reading.pin === null ? null : snapshotOf(reading, await reading.reader.view(), clock);
}

async function snapshotOf(reading: Reading, view: StoreView, clock: Clock): Promise<Snapshot | null> {
  const { pin } = reading;
  if (pin === null) return null;
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

function taskViews(
  live: readonly TaskRow[],
  finished: readonly FinishedRow[],
  snapshot: Snapshot | null,
  nowMs: number,
): TaskStatusView[] {
  const views = new Map<string, TaskStatusView>();
  // A task may have come to its end between the two readings: it is shown once, as it was in the first.
  for (const { attempts, ...row } of finished) views.set(row.id, { ...row, attempt: attempts, waiting: NOTHING });
  const observed = new Map(snapshot?.tasks.map((task) => [task.id, task]));
  const frontier = snapshot === null ? null : new Frontier(snapshot, nowMs);
  for (const { id, title, state, attempts, area, priority } of live) {
    const task = observed.get(id);
    const waiting =
      task === undefined || snapshot === null || frontier === null ? [] : waitingOf(task, snapshot, frontier);
    views.set(id, {
      id,
      title,
      status: state.status,
      attempt: attempts,
      waiting: waiting.map((entry) => ({
        reason: entry.reason,
        detail: inertLine(describeWaiting(entry, id), DETAIL_MAX),
      })),
      area,
      priority,
    });
  }
  return [...views.values()].toSorted((a, b) => compareIds(a.id, b.id));
}

const NOTHING: readonly WaitingView[] = [];

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
