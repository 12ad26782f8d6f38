import type { Report } from '../../core/report.ts';
import { counted, formatDuration } from '../terminal/table.ts';
import { markdownText } from '../terminal/markdown-text.ts';
import { formatTime } from './moment.ts';
import { attentionLines, failureRows, machineLines, needSentence } from './report-words.ts';

/** The report as Markdown. What tasks and agents said is text there, and makes no link, image or heading. */
export function reportMarkdown(report: Report): string[] {
  const { range, landed, parked, waiting } = report;
  const lines = [`# Report`, '', `From ${formatTime(range.sinceMs)} to ${formatTime(range.untilMs)}.`];
  const section = (title: string, body: readonly string[]): void => {
    if (body.length > 0) lines.push('', `## ${title}`, '', ...body);
  };
  const items = (said: readonly string[]): string[] => said.map((line) => `- ${markdownText(line)}`);
  section(
    `Landed: ${counted(landed.length, 'task')}`,
    table(
      ['task', 'title', 'commit', 'attempts', 'lead time'],
      landed.map(({ id, title, commit, attempts, leadMs }) => {
        return [id, title, commit.slice(0, 12), String(attempts), leadMs === null ? '' : formatDuration(leadMs)];
      }),
    ),
  );
  section(
    `Parked: ${counted(parked.length, 'task')}`,
    table(
      ['task', 'title', 'why'],
      parked.map(({ id, title, why }) => [id, title, why]),
    ),
  );
  section(
    `Waiting for you: ${counted(waiting.length, 'thing')}`,
    waiting.map((need) => {
      const typed = need.commands.map((command) => `\`${command.replaceAll('`', '')}\``).join(', ');
      return `- ${markdownText(needSentence(need))} (${typed})`;
    }),
  );
  section('Failures', table(['of', 'how many', 'kinds'], failureRows(report)));
  section('What it cost people', items(attentionLines(report)));
  section('What the machine lost', items(machineLines(report)));
  return lines;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return [];
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map((row) => line(row.map(markdownText)))];
}
