import { TASK_STATUSES } from '../../core/task-state.ts';
import { inertLine } from '../../core/inert.ts';
import type { FinishedRow } from '../../store/store.ts';
import { cutTo } from '../terminal/columns.ts';
import { doingOf } from './run-view.ts';
import type { EndedView, RunView } from './run-view.ts';
import { leftOut } from './status-view.ts';
import type { StatusView, TaskStatusView } from './status-view.ts';
import { counted, formatDuration, renderTable } from '../terminal/table.ts';
import { brokenLine, joiningLine } from '../schedule/unimported.ts';
import { wrapLine } from '../terminal/wrap.ts';

const TITLE_MIN = 20;
const TITLE_MAX = 60;
const WHY_MAX = 200;

/** How wide a terminal must be before a table of runs has these columns too: what a run does comes first. */
const ROOM = { agent: 80, idle: 80, pid: 100, lane: 130 };

/** The status as lines of text. */
export function renderStatus(status: StatusView, width: number): string[] {
  const titleMax = Math.min(TITLE_MAX, Math.max(TITLE_MIN, Math.floor(width / 3)));
  const rowOf = ({ id, status: name, title }: FinishedRow | TaskStatusView, waits: string): string[] => [
    id,
    name,
    cutTo(inertLine(title, titleMax), titleMax),
    waits,
  ];
  const lines = headLines(status).flatMap((line) => wrapLine(line, width));
  const left = leftOut(status);
  if (status.running.length > 0) lines.push('', ...renderTable(runRows(status, width), width));
  const open = status.open.filter((task) => task.status !== 'running');
  if (open.length > 0) {
    const table = renderTable(
      open.map((task) => rowOf(task, reasonBeside(task))),
      width,
    );
    lines.push('', ...table);
    if (table.some((line) => line.endsWith('…'))) lines.push('reasons in full: yard why --all');
    if (left.ready > 0) lines.push(`and ${left.ready} more that are ready (all: yard tasks --status ready)`);
  }
  if (status.recent.length > 0) lines.push('', 'ended last:', ...renderTable(status.recent.map(endedRow), width));
  const { finished } = status;
  if (finished.length > 0) {
    const rows = finished.map((task) => rowOf(task, ''));
    lines.push('', ...renderTable(rows, width));
    if (left.done > 0) lines.push(`and ${left.done} more that are done (all: yard tasks)`);
  }
  return lines;
}

/** The status stands beside it. */
function reasonBeside({ status, waiting: [first] }: TaskStatusView): string {
  const detail = first?.detail ?? '';
  return status === 'parked' ? detail.replace(/^it is parked: /, '') : detail;
}

/** How it is with the yard as a whole. */
export function headLines(status: StatusView): string[] {
  const counts = TASK_STATUSES.filter((name) => status.counts[name] > 0).map(
    (name) => `${status.counts[name]} ${name}`,
  );
  const lines = [
    `${counts.join(', ') || 'no tasks'}${status.target === null ? '' : ` → ${status.target}`}`,
    status.scheduler === null
      ? 'no scheduler runs (start one with: yard run)'
      : `a scheduler runs (process ${status.scheduler.pid})`,
  ];
  if (status.unimported > 0) lines.push(joiningLine(status.unimported));
  if (status.brokenFiles.length > 0) lines.push(brokenLine(status.brokenFiles));
  if (status.stopped !== null)
    lines.push(`stopped by ${status.stopped.by}: ${inertLine(status.stopped.why, WHY_MAX)} (go on with: yard resume)`);
  for (const { subject, by, why, resume } of status.pauses)
    lines.push(
      `${inertLine(subject, WHY_MAX)} is paused by ${by}: ${inertLine(why, WHY_MAX)} (go on with: ${inertLine(resume, WHY_MAX)})`,
    );
  lines.push(...status.pools);
  if (status.failures.open)
    lines.push(`${counted(status.failures.inARow, 'attempt')} failed in a row, so nothing starts (look: yard breaker)`);
  return [...lines, ...settingsLines(status)];
}

function settingsLines({ refusal, configProblem, sandboxes }: StatusView): string[] {
  if (refusal !== null) return [`yard run will refuse: ${inertLine(refusal, 300)}`];
  const lines: string[] = [];
  if (configProblem !== null)
    lines.push(`the configuration has a mistake: ${inertLine(configProblem, 300)}; the last good one is in force`);
  const unheld = sandboxes.find(({ kind }) => kind === 'none');
  if (unheld !== undefined) {
    const why = unheld.why === null ? '' : ` (${inertLine(unheld.why, WHY_MAX)})`;
    lines.push(`no sandbox for ${unheld.of.join(', ')}${why}: they have your rights`);
  }
  return lines;
}

/** The columns of a table of runs; those for which there is no room are left out. */
const RUN_COLUMNS: readonly {
  readonly head: string;
  readonly from?: number;
  readonly cell: (attempt: RunView) => string;
}[] = [
  { head: 'RUNS', cell: ({ id }) => id },
  { head: 'ATTEMPT', cell: ({ attempt }) => String(attempt) },
  { head: 'PHASE', cell: ({ phase }) => phase },
  { head: 'AGENT', from: ROOM.agent, cell: ({ agent }) => agent },
  { head: 'FOR', cell: ({ ageMs }) => formatDuration(ageMs) },
  { head: 'QUIET', from: ROOM.idle, cell: ({ idleMs }) => formatDuration(idleMs) },
  { head: 'PID', from: ROOM.pid, cell: ({ pid }) => (pid === null ? '' : String(pid)) },
  // Relative to the state directory.
  { head: 'LANE', from: ROOM.lane, cell: ({ id }) => `lanes/${id}` },
  { head: 'DOING', cell: doingOf },
];

function runRows({ running }: StatusView, width: number): string[][] {
  const columns = RUN_COLUMNS.filter(({ from = 0 }) => width >= from);
  return [columns.map(({ head }) => head), ...running.map((attempt) => columns.map(({ cell }) => cell(attempt)))];
}

function endedRow({ id, attempt, agent, outcome, why, agoMs }: EndedView): string[] {
  return [`${id}/${attempt}`, outcome, agent, `${formatDuration(agoMs)} ago`, why];
}
