import { inertLine } from '../../core/inert.ts';
import { markdownText } from '../terminal/markdown-text.ts';
import { doingOf } from './run-view.ts';
import type { EndedView, RunView } from './run-view.ts';
import { headLines } from './status-text.ts';
import type { StatusView, TaskStatusView } from './status-view.ts';
import { formatDuration } from '../terminal/table.ts';

const TEXT_MAX = 400;

/** What only a person can take further. */
const FOR_A_PERSON: ReadonlySet<string> = new Set(['question', 'approval', 'parked', 'problem', 'cycle']);

/** The status as a page of Markdown, what waits for a person on top. `madeAt`: as a person reads it. */
export function renderMarkdown(status: StatusView, madeAt: string): string {
  const open = status.open.filter((task) => task.status !== 'running');
  const forPerson = open.filter(({ waiting }) => waiting.some(({ reason }) => FOR_A_PERSON.has(reason)));
  const others = open.filter((task) => !forPerson.includes(task));
  const more = status.counts.ready - open.filter((task) => task.status === 'ready').length;
  const parts = [
    ['# Status of the yard'],
    [`A view as of ${madeAt}, written by the scheduler; what counts is \`yard status\`. It can be deleted.`],
    list(headLines(status).map(plain)),
    section('Waits for you', forPerson.map(taskLine)),
    section('Runs', status.running.map(runLine)),
    section('Waits', [...others.map(taskLine), ...(more > 0 ? [`and ${more} more that are ready`] : [])]),
    section('Ended last', status.recent.map(endedLine)),
    section(
      'Done',
      status.finished.map(({ id, status: name, title }) => `**${id}** ${name}: ${plain(title)}`),
    ),
  ];
  return `${parts
    .filter((part) => part.length > 0)
    .map((part) => part.join('\n'))
    .join('\n\n')}\n`;
}

function section(heading: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`## ${heading}`, '', ...list(lines)];
}

function list(lines: readonly string[]): string[] {
  return lines.map((line) => `- ${line}`);
}

function taskLine({ id, title, status, waiting }: TaskStatusView): string {
  const [why] = waiting;
  return `**${id}** ${status}: ${plain(title)}${why === undefined ? '' : ` — ${plain(why.detail)}`}`;
}

function runLine(run: RunView): string {
  const { id, attempt, agent, phase, ageMs, idleMs } = run;
  const doing = doingOf(run);
  const quiet = `for ${formatDuration(ageMs)}, quiet for ${formatDuration(idleMs)}`;
  return `**${id}** attempt ${attempt}, ${plain(agent)}, ${phase}, ${quiet}${doing === '' ? '' : ` — ${plain(doing)}`}`;
}

function endedLine({ id, attempt, outcome, why, agoMs }: EndedView): string {
  return `**${id}/${attempt}** ${outcome}, ${formatDuration(agoMs)} ago${why === '' ? '' : ` — ${plain(why)}`}`;
}

function plain(text: string): string {
  return markdownText(inertLine(text, TEXT_MAX));
}
