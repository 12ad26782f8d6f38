import { setTimeout as delay } from 'node:timers/promises';

import { isFinal, TASK_STATUSES } from '../../core/task-state.ts';
import { inertLine } from '../../core/inert.ts';
import type { CommandContext, ExitCode } from '../context.ts';
import { EXIT } from '../context.ts';
import { makeStatus } from '../status-view.ts';
import type { StatusView, TaskStatusView } from '../status-view.ts';
import { formatDuration, renderTable } from '../table.ts';

const WATCH_MS = 1_000;
const FINAL_SHOWN = 20;

/** `yard status`. */
export async function statusCommand(
  context: CommandContext,
  options: { readonly json?: boolean; readonly watch?: boolean },
): Promise<ExitCode> {
  const { output, compose, cwd } = context;
  const reading = await compose.reading(cwd);
  try {
    for (;;) {
      const status = await makeStatus(reading, compose.clock);
      if (options.json === true && options.watch === true) output.print(JSON.stringify(status));
      else if (options.json === true) output.json(status);
      else {
        if (options.watch === true && output.isTerminal) output.write('\u001b[H\u001b[2J');
        for (const line of renderStatus(status, output.width)) output.print(line);
      }
      if (options.watch !== true) return EXIT.ok;
      await delay(WATCH_MS);
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
  if (status.stopped !== null)
    lines.push(`stopped by ${status.stopped.by}: ${inertLine(status.stopped.why, 200)} (go on with: yard resume)`);
  const running = status.running.map((attempt) => [
    attempt.id,
    `attempt ${attempt.attempt}`,
    attempt.phase,
    attempt.agent,
    formatDuration(attempt.ageMs),
    attempt.activity,
  ]);
  if (running.length > 0) lines.push('', ...renderTable(running, width));
  const open = status.tasks.filter((task) => !isFinal(task.status) && task.status !== 'running');
  if (open.length > 0) lines.push('', ...renderTable(open.map(taskRow), width));
  const final = status.tasks.filter((task) => isFinal(task.status));
  if (final.length > 0) {
    lines.push('', ...renderTable(final.slice(-FINAL_SHOWN).map(taskRow), width));
    if (final.length > FINAL_SHOWN)
      lines.push(`and ${final.length - FINAL_SHOWN} more that are done (all: yard status --json)`);
  }
  return lines;
}

function taskRow(task: TaskStatusView): string[] {
  const [first] = task.waiting;
  return [task.id, task.status, inertLine(task.title, 60), first?.detail ?? ''];
}
