import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { cellPolicies } from '../config/cell-policies.ts';
import { diskView } from '../core/disk.ts';
import { compareIds, Frontier } from '../core/frontier.ts';
import { inertLine } from '../core/inert.ts';
import { waitingOf } from '../core/plan.ts';
import type { SandboxKind } from '../core/sandbox-choice.ts';
import { reportSandboxes } from '../core/sandbox-report.ts';
import type { Snapshot } from '../core/snapshot.ts';
import type { TaskStatus } from '../core/task-state.ts';
import { describeWaiting } from '../core/waiting.ts';
import type { Waiting } from '../core/waiting.ts';
import { freeSpaceAt } from '../process/disk-space.ts';
import { observe } from '../reconcile/observe.ts';
import type { AttemptRecord, FinishedRow, OverviewWanted, StoreView, TaskRow } from '../store/store.ts';
import type { Pin } from '../config/pin.ts';
import { isHeld } from '../store/lease-holder.ts';
import { isTaskFileName, TASKS_DIRECTORY } from '../trackers/task-directory.ts';
import type { CommandContext, Reading } from './context.ts';
import { refusalOfNextRun } from './next-run.ts';
import type { Clock } from '../core/clock.ts';
import { onlooker } from '../process/onlooker.ts';

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
  /** The breaker; `limit` is null before the first run. */
  readonly failures: { readonly open: boolean; readonly inARow: number; readonly limit: number | null };
  readonly scheduler: { readonly pid: number } | null;
  /** What holds what runs; empty before the first run. */
  readonly sandboxes: readonly {
    readonly kind: SandboxKind;
    readonly of: readonly string[];
    readonly why: string | null;
  }[];
  /** Why `yard run` will refuse to start, as far as is seen from here; null while a scheduler runs. */
  readonly refusal: string | null;
  readonly counts: Readonly<Record<TaskStatus, number>>;
  readonly running: readonly RunningView[];
  /** Task files that no run has read yet. */
  readonly unimported: number;
  /** Tasks that are not final, by id; of those that are ready perhaps only the first. */
  readonly open: readonly TaskStatusView[];
  /** The last final tasks, by id. */
  readonly finished: readonly FinishedRow[];
  readonly finishedJson: string;
}

const DETAIL_MAX = 2_000;
const IMPORT_MARGIN_MS = 2_000;

/** What `status` shows: states from the store, reasons from the scheduler's own predicate. */
export async function makeStatus(
  reading: Reading,
  { compose: { clock }, env }: Pick<CommandContext, 'compose' | 'env'>,
  wanted: OverviewWanted,
): Promise<StatusView> {
  const { view, counts, running, importedMs, finished, finishedJson } = await reading.reader.overview(wanted);
  const snapshot = await snapshotOf(reading, view, clock);
  const nowMs = clock.nowMs();
  const lease = view.leases.find(({ resource }) => resource === 'scheduler');
  const scheduler = lease?.owner && isHeld(lease, onlooker(clock)) ? { pid: lease.owner.pid } : null;
  return {
    target: reading.pin?.config.target ?? null,
    stopped: view.control.stopped,
    failures: failuresOf(view, reading.pin),
    sandboxes: sandboxesOf(reading.pin),
    refusal: scheduler === null ? await refusalOfNextRun(reading, env) : null,
    scheduler,
    counts,
    running: running.map((attempt) => runningView(attempt, nowMs)).toSorted((a, b) => compareIds(a.id, b.id)),
    unimported: await countUnimported(reading, importedMs),
    open: taskViews(view.rows, snapshot, nowMs),
    finished,
    finishedJson,
  };
}

function sandboxesOf(pin: Pin | null): StatusView['sandboxes'] {
  // The pin of an older Yardmaster knows of none.
  const support = (pin as Partial<Pin> | null)?.sandboxes;
  if (pin === null || support === undefined || support === null) return [];
  const { used, weakened } = reportSandboxes(cellPolicies(pin.config), support);
  return [...used].map(([kind, of]) => ({ kind, of, why: kind === 'none' ? weakened : null }));
}

function failuresOf({ control }: StoreView, pin: Pin | null): StatusView['failures'] {
  const limit = pin?.config.limits.consecutiveFailures ?? null;
  const inARow = control.failuresInARow;
  return { open: limit !== null && inARow >= limit, inARow, limit };
}

/** The whole status as JSON: `tasks` holds those that are not final, then those that are. */
export function statusJson({ open, finished: _, finishedJson, ...status }: StatusView): string {
  const tasks = [JSON.stringify(open).slice(1, -1), finishedJson].filter((part) => part !== '');
  return `${JSON.stringify(status).slice(0, -1)},"tasks":[${tasks.join(',')}]}`;
}

/** The directory is listed only when it has changed since the last import, or so shortly before that it may have missed some. */
async function countUnimported({ reader, location }: Reading, importedMs: number): Promise<number> {
  const directory = join(location.root, TASKS_DIRECTORY);
  const stat = statSync(directory, { throwIfNoEntry: false });
  if (stat?.isDirectory() !== true || stat.mtimeMs < importedMs - IMPORT_MARGIN_MS) return 0;
  const known = new Set((await reader.rows()).map(({ source }) => source?.path));
  return readdirSync(directory).filter((name) => isTaskFileName(name) && !known.has(`${TASKS_DIRECTORY}/${name}`))
    .length;
}

/** What the scheduler would see now; null before the first run. */
export async function snapshotNow(reading: Reading, clock: Clock): Promise<Snapshot | null> {
  return snapshotOf(reading, await reading.reader.view(), clock);
}

/** What the scheduler would see now of this task and of all that bears on it; null before the first run. */
export async function snapshotAround(reading: Reading, clock: Clock, id: string): Promise<Snapshot | null> {
  if (reading.pin === null) return null;
  return snapshotOf(reading, await reading.reader.viewOf({ first: 0, ids: [id] }), clock);
}

async function snapshotOf(reading: Reading, view: StoreView, clock: Clock): Promise<Snapshot | null> {
  const { pin } = reading;
  if (pin === null) return null;
  return observe(view, {
    config: pin.config,
    landingBlocked: await landingBlocked(reading, pin, view.rows),
    disk: diskView(
      { state: freeSpaceAt(reading.stateDirectory), repository: freeSpaceAt(reading.location.commonDirectory) },
      pin.config.limits.diskReserveBytes,
    ),
    host: onlooker(clock),
    graces: [],
    trainStarting: false,
    isFirstLook: false,
    // Whoever only looks may come between a dispatch and its process.
    hasProcess: () => true,
  });
}

/** Git is asked only where something waits to land. */
async function landingBlocked(
  { stateDirectory, location }: Reading,
  { config, repository }: Pin,
  rows: readonly TaskRow[],
): Promise<string | null> {
  if (!rows.some(({ state }) => state.status === 'accepted' || state.status === 'landing')) return null;
  const [{ depotAt }, { peekTarget }] = await Promise.all([import('../git/depot.ts'), import('../git/target-sync.ts')]);
  const depot = depotAt(stateDirectory, repository.format);
  if (!existsSync(depot.path)) return `the depot ${depot.path} is gone: yard doctor`;
  return peekTarget({ repository: location, depot, ref: `refs/heads/${config.target}` });
}

function taskViews(rows: readonly TaskRow[], snapshot: Snapshot | null, nowMs: number): TaskStatusView[] {
  const observed = new Map(snapshot?.tasks.map((task) => [task.id, task]));
  const frontier = snapshot === null ? null : new Frontier(snapshot, nowMs);
  // Most tasks wait for the very same thing, which is one object: it is described once.
  const described = new Map<Waiting, WaitingView>();
  const describe = (entry: Waiting, id: string): WaitingView => {
    const known = described.get(entry);
    if (known !== undefined) return known;
    const detail = inertLine(describeWaiting(entry, id), DETAIL_MAX);
    const view = { reason: entry.reason, detail };
    if (entry.reason === 'slots') described.set(entry, view);
    return view;
  };
  return rows
    .map(({ id, title, state, attempts, area, priority }) => {
      const task = observed.get(id);
      const waiting =
        task === undefined || snapshot === null || frontier === null ? [] : waitingOf(task, snapshot, frontier);
      return {
        id,
        title,
        status: state.status,
        attempt: attempts,
        waiting: waiting.map((entry) => describe(entry, id)),
        area,
        priority,
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
