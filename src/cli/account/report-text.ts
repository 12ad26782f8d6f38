import type { Need } from '../../core/need.ts';
import type { Report } from '../../core/report.ts';
import { counted, formatDuration, renderTable } from '../terminal/table.ts';
import { wrapLine, wrapText } from '../terminal/wrap.ts';
import { formatTime } from './moment.ts';
import { attentionLines, failureRows, machineLines, needSentence } from './report-words.ts';

/** Of one list; a report is read by a person. */
const SHOWN_MAX = 50;
const COMMIT_LENGTH = 12;
const WIDTH_MIN = 20;

/** The report as lines of text. */
export function reportText(report: Report, width: number): string[] {
  const { range, landed, parked, waiting } = report;
  const lines = [`from ${formatTime(range.sinceMs)} to ${formatTime(range.untilMs)}`];
  const add = (title: string, rows: readonly (readonly string[])[]): void => {
    const shown = renderTable(rows.slice(0, SHOWN_MAX), width - 2);
    lines.push('', title, ...shown.map((line) => `  ${line}`));
    if (rows.length > SHOWN_MAX) lines.push(`  and ${rows.length - SHOWN_MAX} more (all: yard report --json)`);
  };
  add(
    `${counted(landed.length, 'task')} landed`,
    landed.map((line) => [
      line.id,
      line.commit.slice(0, COMMIT_LENGTH),
      counted(line.attempts, 'attempt'),
      line.leadMs === null ? '' : formatDuration(line.leadMs),
      line.title,
    ]),
  );
  if (parked.length > 0) {
    lines.push('', `${counted(parked.length, 'task')} parked`);
    for (const { id, why } of parked.slice(0, SHOWN_MAX)) lines.push(...wrapLine(`  ${id}  ${why}`, width));
    if (parked.length > SHOWN_MAX) lines.push(`  and ${parked.length - SHOWN_MAX} more (all: yard report --json)`);
  }
  lines.push('', waiting.length === 0 ? 'nothing waits for you' : `${counted(waiting.length, 'thing')} for you to do`);
  for (const need of waiting.slice(0, SHOWN_MAX)) lines.push(...needLines(need, width));
  if (waiting.length > SHOWN_MAX) lines.push(`  and ${waiting.length - SHOWN_MAX} more (all: yard report --json)`);
  const failures = failureRows(report);
  if (failures.length > 0) add('failures, by whom they belong to', failures);
  const sentences = (title: string, said: readonly string[]): void => {
    const wrapped = said.flatMap((line) => wrapText(line, Math.max(WIDTH_MIN, width - 2)));
    if (said.length > 0) lines.push('', title, ...wrapped.map((line) => `  ${line}`));
  };
  sentences('what it cost people', attentionLines(report));
  sentences('what the machine lost', machineLines(report));
  return lines;
}

/** What waits, and under it the commands for it, never cut: they are to be copied. */
function needLines(need: Need, width: number): string[] {
  return [...wrapLine(`  ${needSentence(need)}`, width), ...need.commands.map((command) => `    $ ${command}`)];
}
