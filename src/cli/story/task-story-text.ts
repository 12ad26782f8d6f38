import { inert, inertLine } from '../../core/inert.ts';
import { eventLines, formatTime } from './event-line.ts';
import type { Output } from '../terminal/output.ts';
import { formatDuration, renderTable } from '../terminal/table.ts';
import type { TaskStory } from './task-story.ts';
import { wrapText } from '../terminal/wrap.ts';

const LINE_MAX = 2_000;
/** Of a history; all of it is in `yard events`. */
const EVENTS_MAX = 30;
const LABEL = 12;

type Paper = Pick<Output, 'style' | 'isTerminal' | 'width'>;

/** All that is known of a task, as a person reads it. */
export function storyLines(story: TaskStory, paper: Paper): string[] {
  const { id, spec, sentence, waiting } = story;
  const head = [
    `${id} ${inertLine(spec.title, LINE_MAX)}`,
    `${id} ${inertLine(sentence, LINE_MAX)}`,
    ...waiting.flatMap(({ detail }) => paragraph(`  ${inertLine(detail, LINE_MAX)}`, paper)),
  ];
  const parts = [asked(story, paper), spentLines(story), attemptLines(story, paper), talk(story, paper)];
  const rest = [landingLines(story, paper), historyLines(story, paper)];
  return [head, ...parts, ...rest]
    .filter((part) => part.length > 0)
    .flatMap((part, at) => (at === 0 ? part : ['', ...part]));
}

/** What the task asks for. */
function asked({ spec, source, after, before, lane }: TaskStory, paper: Paper): string[] {
  const named = (entries: readonly { readonly id: string; readonly status: string }[]): string =>
    entries.map(({ id, status }) => `${id} (${status})`).join(', ');
  const objective = spec.objective.trim();
  return [
    ...(objective === '' || objective === spec.title ? [] : field('objective', objective, paper)),
    ...spec.acceptance.flatMap((text) => field('accept', text, paper)),
    ...field('owns', spec.owns.join(', '), paper),
    ...field('forbids', spec.forbids.join(', '), paper),
    ...field('after', named(after), paper),
    ...field('before', named(before), paper),
    ...field('area', spec.area ?? '', paper),
    ...field('agent', spec.agent ?? '', paper),
    ...field('gate', spec.gate ?? '', paper),
    ...field('priority', spec.priority === 0 ? '' : String(spec.priority), paper),
    ...field('supersedes', spec.supersedes.join(', '), paper),
    ...field('context', spec.context.trim(), paper),
    ...field('file', source?.path ?? '', paper),
    ...field('lane', lane ?? '', paper),
  ];
}

function spentLines({ counters }: TaskStory): string[] {
  const names = { retries: 'retries', infrastructure: 'failures of the machine in a row', lost: 'losses in a row' };
  const parts = Object.entries({ ...names, conflicts: 'conflicts' } as const).flatMap(([key, what]) => {
    const { spent, limit } = counters[key as keyof typeof counters];
    return spent === 0 && key !== 'retries' ? [] : [`${spent} of ${limit} ${what}`];
  });
  return [`${'spent'.padEnd(LABEL)}${parts.join(', ')}`];
}

function attemptLines({ attempts }: TaskStory, paper: Paper): string[] {
  if (attempts.length === 0) return ['not tried yet'];
  const rows = attempts.map((attempt) => [
    String(attempt.attempt),
    attempt.agent,
    attempt.outcome ?? attempt.phase,
    formatTime(attempt.startedMs),
    formatDuration(attempt.durationMs),
    attempt.base?.slice(0, 12) ?? '',
    attempt.head?.slice(0, 12) ?? '',
  ]);
  const table = renderTable([['ATTEMPT', 'AGENT', 'OUTCOME', 'STARTED', 'TOOK', 'BASE', 'HEAD'], ...rows], paper.width);
  const details = attempts.flatMap(({ attempt, why, evidence }) => [
    ...(why === null ? [] : paragraph(`  attempt ${attempt}: ${inertLine(why, LINE_MAX)}`, paper)),
    `  evidence of attempt ${attempt}: ${evidence}`,
  ]);
  return [...table, ...details];
}

function talk({ answers, decisions }: TaskStory, paper: Paper): string[] {
  return [
    ...answers.flatMap(({ question, answer }) => [
      ...field('question', question.trim(), paper),
      ...field('answer', answer.trim(), paper),
    ]),
    ...decisions.flatMap(({ atMs, what }) => field('decided', `${what}, ${formatTime(atMs)}`, paper)),
  ];
}

function landingLines({ landing }: TaskStory, paper: Paper): string[] {
  if (landing === null) return [];
  const { landed, target, commit, onto, gate, gateEvidence } = landing;
  const how = landed ? 'landed as' : 'was to land as';
  return [
    ...field('landing', `${how} ${commit} on ${target}, which was at ${onto}`, paper),
    ...field('verdict', gate === null ? '' : `green by the gate ${gate}: ${gateEvidence ?? ''}`, paper),
  ];
}

function historyLines({ id, history }: TaskStory, paper: Paper): string[] {
  const shown = eventLines(history, paper, () => '');
  if (shown.length === 0) return [];
  const left = Math.max(0, shown.length - EVENTS_MAX);
  return [
    `history${left > 0 ? ` (the last of it; all: yard events --task ${id} --since 0)` : ''}`,
    ...shown.slice(left).map((line) => `  ${line}`),
  ];
}

/** A label and its text, whose later lines stand below the first; none for an empty text. */
function field(label: string, text: string, paper: Paper): string[] {
  if (text === '') return [];
  const lines = inert(text)
    .split('\n')
    .flatMap((line) => wrapText(line, room(paper, LABEL)));
  return lines.map((line, index) => `${(index === 0 ? label : '').padEnd(LABEL)}${line}`.trimEnd());
}

function paragraph(text: string, paper: Paper): string[] {
  return wrapText(text, room(paper, 4)).map((line, index) => (index === 0 ? line : `    ${line}`));
}

/** Elsewhere than on a terminal nothing is broken. */
function room({ isTerminal, width }: Paper, less: number): number {
  return isTerminal ? Math.max(20, width - less) : Infinity;
}
