import { setTimeout as delay } from 'node:timers/promises';

import { isFinal, TASK_STATUSES } from '../../core/task-state.ts';
import { inertLine } from '../../core/inert.ts';
import type { CommandContext, ExitCode } from '../context.ts';
import { EXIT } from '../context.ts';
import type { FinishedRow } from '../../store/store.ts';
import { makeStatus, statusJson } from '../status-view.ts';
import type { StatusView, TaskStatusView } from '../status-view.ts';
import { counted, formatDuration, renderTable } from '../table.ts';

const WATCH_MS = 1_000;
/** Of the tasks that only wait, and of those that are done, a person wants to see the next and the last. */
const SHOWN = { ready: 50, finished: 20 };
const TITLE_MIN = 20;
const TITLE_MAX = 60;

/** `yard status`. */
export async function statusCommand(
  context: CommandContext,
  options: { readonly json?: boolean; readonly watch?: boolean },
): Promise<ExitCode> {
  const { output, compose, cwd } = context;
  const reading = await compose.reading(cwd);
  try {
    for (;;) {
      const status = await makeStatus(reading, context, options.json === true ? 'all' : SHOWN);
      if (options.json === true) output.jsonText(statusJson(status), { lines: options.watch === true });
      else {
        if (options.watch === true && output.isTerminal) output.write('\u001b[H\u001b[2J');
        for (const line of renderStatus(status, output.width)) output.print(line);
      }
      if (options.watch !== true) return EXIT.ok;
      await delay(WATCH_MS);
      if (output.isClosed) return EXIT.ok;
    }
  } finally {
    await reading.reader.close();
  }
}

/** The status as lines of text. */
export function renderStatus(status: StatusView, width: number): string[] {
  const counts = TASK_STATUSES.filter((name) => status.counts[name] > 0).map(
    (name) => `${status.counts[name]} ${name}`,
  );
  const lines = [
    `${counts.join(', ') || 'no tasks'}${status.target === null ? '' : ` → ${status.target}`}`,
    status.scheduler === null
      ? 'no scheduler runs (start one with: yard run)'
      : `a scheduler runs (process ${status.scheduler.pid})`,
  ];
  if (status.unimported > 0) {
    const files = status.unimported === 1 ? '1 task file joins' : `${status.unimported} task files join`;
    lines.push(`${files} the backlog at the next: yard run`);
  }
  if (status.stopped !== null)
    lines.push(`stopped by ${status.stopped.by}: ${inertLine(status.stopped.why, 200)} (go on with: yard resume)`);
  if (status.failures.open)
    lines.push(`${counted(status.failures.inARow, 'attempt')} failed in a row, so nothing starts (look: yard breaker)`);
  const unheld = status.sandboxes.find(({ kind }) => kind === 'none');
  if (status.refusal !== null) lines.push(`yard run will refuse: ${inertLine(status.refusal, 300)}`);
  else if (unheld !== undefined) {
    const why = unheld.why === null ? '' : ` (${inertLine(unheld.why, 200)})`;
    lines.push(`no sandbox for ${unheld.of.join(', ')}${why}: they have your rights`);
  }
  const running = status.running.map((attempt) => [
    attempt.id,
    `attempt ${attempt.attempt}`,
    attempt.phase,
    attempt.agent,
    formatDuration(attempt.ageMs),
    status.open.find(({ id }) => id === attempt.id)?.waiting[0]?.detail ?? attempt.activity,
  ]);
  if (running.length > 0) lines.push('', ...renderTable(running, width));
  const open = status.open.filter((task) => task.status !== 'running');
  const titleMax = Math.min(TITLE_MAX, Math.max(TITLE_MIN, Math.floor(width / 3)));
  const rowOf = ({ id, status: name, title }: FinishedRow | TaskStatusView, waits: string): string[] => [
    id,
    name,
    inertLine(title, titleMax),
    waits,
  ];
  if (open.length > 0) {
    const rows = open.map((task) => rowOf(task, task.waiting[0]?.detail ?? ''));
    lines.push('', ...renderTable(rows, width));
    const more = status.counts.ready - open.filter((task) => task.status === 'ready').length;
    if (more > 0) lines.push(`and ${more} more that are ready (all: yard status --json)`);
  }
  const { finished } = status;
  if (finished.length > 0) {
    const rows = finished.map((task) => rowOf(task, ''));
    lines.push('', ...renderTable(rows, width));
    const all = TASK_STATUSES.filter((name) => isFinal(name)).reduce((sum, name) => sum + status.counts[name], 0);
    if (all > finished.length) lines.push(`and ${all - finished.length} more that are done (all: yard status --json)`);
  }
  return lines;
}
