import { cellPolicies } from '../../config/cell-policies.ts';
import type { Clock } from '../../core/clock.ts';
import { compareIds, Frontier } from '../../core/frontier.ts';
import { pauseKey, resumeCommand } from '../../core/pause.ts';
import { inertLine } from '../../core/inert.ts';
import { waitingOf } from '../../core/plan.ts';
import type { SandboxKind } from '../../core/sandbox-choice.ts';
import { reportSandboxes } from '../../core/sandbox-report.ts';
import type { Snapshot } from '../../core/snapshot.ts';
import { isFinal, TASK_STATUSES } from '../../core/task-state.ts';
import type { TaskStatus } from '../../core/task-state.ts';
import { describeWaiting } from '../../core/waiting.ts';
import type { Waiting } from '../../core/waiting.ts';
import type { FinishedRow, OverviewWanted, StoreView, TaskRow } from '../../store/store.ts';
import type { Pin } from '../../config/pin.ts';
import type { CommandContext, Reading } from '../context.ts';
import { lookAtSettings } from './settings-look.ts';
import { endedView, runView } from './run-view.ts';
import type { EndedView, RunView, WaitingView } from './run-view.ts';
import { heldLine, reportPools } from '../pools/pool-report.ts';
import { schedulerPid } from '../schedule/scheduler.ts';
import { snapshotOf } from '../schedule/seen-snapshot.ts';
import { lookAtUnimported } from '../schedule/unimported.ts';
import type { BrokenFile } from '../schedule/unimported.ts';

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

export interface PauseView {
  /** `all`, `train`, `area:NAME`, `agent:NAME`. */
  readonly subject: string;
  readonly by: string;
  readonly why: string;
  /** What takes it away. */
  readonly resume: string;
}

export interface PutOffView {
  readonly id: string;
  readonly notBeforeMs: number;
  readonly remainingMs: number;
}

/** What is known already of what a look would have to find out. */
export interface Known {
  readonly configProblem: string | null;
  readonly landingBlocked: string | null;
}

export interface StatusWanted {
  readonly tasks: OverviewWanted;
  /** So many of the attempts that ended last. */
  readonly recent: number;
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
  /** A mistake in the configuration, while the last good one is in force. */
  readonly configProblem: string | null;
  /** Why `yard run` will refuse to start, as far as is seen from here; null while a scheduler runs. */
  readonly refusal: string | null;
  readonly pauses: readonly PauseView[];
  /** Pools that take nothing now, one sentence each. */
  readonly pools: readonly string[];
  readonly counts: Readonly<Record<TaskStatus, number>>;
  readonly running: readonly RunView[];
  /** Tasks that are not started again before a time. */
  readonly putOff: readonly PutOffView[];
  /** The attempts that ended last, the newest first. */
  readonly recent: readonly EndedView[];
  readonly stateDirectory: string;
  /** Task files that join at the next import. */
  readonly unimported: number;
  /** Task files that cannot join before they are mended. */
  readonly brokenFiles: readonly BrokenFile[];
  /** Tasks that are not final, by id; of those that are ready perhaps only the first. */
  readonly open: readonly TaskStatusView[];
  /** The last final tasks, by id. */
  readonly finished: readonly FinishedRow[];
}

const DETAIL_MAX = 2_000;

/** Attempts that are looked at for those that ended last: one that took long was started long ago. */
const AMONG = { times: 2, more: 100 };

/** What `status` shows: states from the store, reasons from the scheduler's own predicate. */
export async function makeStatus(
  reading: Reading,
  { clock, env, known }: { readonly clock: Clock; readonly env: CommandContext['env']; readonly known?: Known },
  wanted: StatusWanted,
): Promise<StatusView> {
  const { reader, pin, stateDirectory } = reading;
  const { view, counts, running, importedMs, finished } = await reader.overview(wanted.tasks);
  const ended = wanted.recent === 0 ? [] : await reader.endedAttempts(wanted.recent * AMONG.times + AMONG.more);
  const snapshot = await snapshotOf(reading, view, clock, known?.landingBlocked);
  const nowMs = clock.nowMs();
  const pid = schedulerPid(view.leases, clock);
  const settings =
    known === undefined ? await lookAtSettings(reading, env) : { mistake: known.configProblem, refusal: null };
  const { joining, broken } = await lookAtUnimported(reading, importedMs);
  const open = taskViews(view.rows, snapshot, nowMs);
  const waitingOfRun = new Map(
    open.filter(({ status }) => status === 'running').map((task) => [task.id, task.waiting]),
  );
  const around = { leases: view.leases, stateDirectory, nowMs };
  return {
    target: pin?.config.target ?? null,
    stateDirectory,
    stopped: view.control.stopped,
    pauses: view.control.pauses.map(({ subject, by, why }) => {
      return { subject: pauseKey(subject), by, why, resume: resumeCommand(subject) };
    }),
    pools: pin === null ? [] : heldPools(view, pin, nowMs),
    failures: failuresOf(view, pin),
    sandboxes: sandboxesOf(pin),
    configProblem: settings.mistake,
    refusal: pid === null ? (settings.mistake ?? settings.refusal) : null,
    scheduler: pid === null ? null : { pid },
    counts,
    running: running
      .map((attempt) => runView(attempt, around, waitingOfRun.get(attempt.taskId) ?? []))
      .toSorted((a, b) => compareIds(a.id, b.id)),
    putOff: putOff(view.rows, nowMs),
    recent: ended.slice(0, wanted.recent).map((attempt) => endedView(attempt, nowMs)),
    unimported: joining,
    brokenFiles: broken,
    open,
    finished,
  };
}

function putOff(rows: readonly TaskRow[], nowMs: number): PutOffView[] {
  return rows.flatMap(({ id, state }) => {
    if (state.status !== 'ready' || state.notBeforeMs === null || state.notBeforeMs <= nowMs) return [];
    return [{ id, notBeforeMs: state.notBeforeMs, remainingMs: state.notBeforeMs - nowMs }];
  });
}

function heldPools({ spending }: StoreView, { config }: Pin, nowMs: number): string[] {
  return reportPools(spending, config, nowMs).flatMap((pool) => heldLine(pool) ?? []);
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

/** How many of the ready and of the final tasks the status leaves out. */
export function leftOut({ counts, open, finished }: StatusView): { readonly ready: number; readonly done: number } {
  const done = TASK_STATUSES.filter((name) => isFinal(name)).reduce((sum, name) => sum + counts[name], 0);
  return {
    ready: counts.ready - open.filter(({ status }) => status === 'ready').length,
    done: done - finished.length,
  };
}

/** The status as JSON: `tasks` holds those that are not final, then those that are. */
export function statusJson(view: StatusView): string {
  const { open, finished, ...status } = view;
  const done = finished.map(({ attempts, ...row }) => ({ ...row, attempt: attempts, waiting: [] }));
  return JSON.stringify({ ...status, tasks: [...open, ...done], leftOut: leftOut(view) });
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
