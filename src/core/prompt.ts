import { codeList, codeSpan, fence } from './fence.ts';
import { handoverSection } from './prompt-handover.ts';
import type { Handover } from './prompt-handover.ts';
import { historySection } from './prompt-history.ts';
import type { PreviousAttempt } from './prompt-history.ts';
import { reportSection } from './prompt-report.ts';
import type { Reporting } from './prompt-report.ts';
import { ALONE, FOREIGN, ONLY_WHAT_RUNS, standsBeside, TAKEN } from './prompt-standing.ts';
import type { TaskSpec } from './task.ts';

/** Everything that an agent is told at the start of an attempt. */
export interface PromptInput {
  readonly task: TaskSpec;
  /** Counts from 1. */
  readonly attempt: number;
  /** Path patterns that wait for a person whatever the task owns. */
  readonly protectedPatterns: readonly string[];
  /** What proves the result, as the operator configured it. */
  readonly gate: { readonly name: string; readonly command: string };
  /** The attempts before this one, in any order. */
  readonly previous: readonly PreviousAttempt[];
  /** Files that now hold conflict markers, and both sides explained; null when nothing conflicts. */
  readonly conflict: { readonly paths: readonly string[]; readonly detail: string } | null;
  /** Why the train sent the work back (its last event): red together with others; null when it did not. */
  readonly blame: { readonly detail: string } | null;
  /** Oldest first. */
  readonly answers: readonly { readonly question: string; readonly answer: string }[];
  readonly reporting: Reporting;
  /** The attempt before this one was another agent's; null: it was not. */
  readonly handedOver: Handover | null;
}

/**
 * The prompt of an attempt, in Markdown; `renderStanding` has what goes beside it. What others wrote (the task, logs, answers) stands in fences that it cannot
 * close; our own words stand outside. Same input, same text.
 */
export function renderPrompt(input: PromptInput): string {
  const sections = [
    heading(input),
    work(input.task),
    ...returns(input),
    handoverSection(input.handedOver),
    historySection(input.previous),
    answered(input.answers),
    scope(input),
    ...(standsBeside(input.reporting) ? [gated(input)] : [judged(input), reportSection(input)]),
  ];
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`;
}

function heading({ task, attempt, reporting }: PromptInput): string {
  const title = `# Task ${codeSpan(task.id)}: ${codeSpan(task.title)}`;
  const left =
    attempt > 1
      ? ' The directory holds what earlier attempts left, brought up to the newest state of the target branch.'
      : '';
  const number = `This is attempt ${attempt}.${left}`;
  return standsBeside(reporting) ? `${title}\n\n${number}` : `${title}\n\n${ALONE} ${number}\n\n${FOREIGN}`;
}

function work(task: TaskSpec): string {
  const parts = [`## What is wanted\n\n${fence(task.objective)}`];
  if (task.acceptance.length > 0) {
    parts.push(`It is done when all of this holds:\n\n${fence(numbered(task.acceptance))}`);
  }
  if (task.context.trim() !== '') parts.push(`## Context\n\n${fence(task.context)}`);
  if (task.area !== null) parts.push(`Area of the code base: ${codeSpan(task.area)}`);
  for (const { heading: title, text } of task.extra)
    parts.push(`## From the task: ${codeSpan(title)}\n\n${fence(text)}`);
  return parts.join('\n\n');
}

/** `1. first`, further lines of an entry below its text. */
function numbered(entries: readonly string[]): string {
  return entries
    .map((entry, index) => {
      const label = `${index + 1}. `;
      return label + entry.trim().replace(/\r\n?|\n/g, `\n${' '.repeat(label.length)}`);
    })
    .join('\n');
}

function returns({ conflict, blame }: PromptInput): string[] {
  const parts: string[] = [];
  if (conflict !== null) {
    const marked =
      conflict.paths.length > 0 ? ` These files hold conflict markers:\n\n${codeList(conflict.paths)}` : '';
    const sides = conflict.detail.trim() === '' ? '' : ` Both sides:\n\n${fence(conflict.detail)}`;
    parts.push(`## Resolve this conflict first

Your work and what has landed since changed the same places.${marked}

Keep the intent of both sides, remove every marker, then check the whole task again.${sides}`);
  }
  if (blame !== null) {
    parts.push(`## Sent back from the merge train

Your work passed alone, but what was tested with it was red, and the control run without it was green. Find out what in
your work does not go together with the newest state of the target branch, and mend it.${
      blame.detail.trim() === '' ? '' : ` What the gate said:\n\n${fence(blame.detail)}`
    }`);
  }
  return parts;
}

function answered(answers: PromptInput['answers']): string {
  if (answers.length === 0) return '';
  const parts = answers.map(
    ({ question, answer }) => `The question was:\n\n${fence(question)}\n\nThe answer is:\n\n${fence(answer)}`,
  );
  return `## Your questions, answered by a person\n\n${parts.join('\n\n')}`;
}

function scope({ task, protectedPatterns }: PromptInput): string {
  const parts = [
    task.owns.length > 0
      ? `You may change, add and delete only:\n\n${codeList(task.owns)}`
      : 'You may change any file, but for those named below.',
  ];
  if (task.forbids.length > 0) {
    parts.push(`You must not touch these, whatever else is said:\n\n${codeList(task.forbids)}`);
  }
  if (protectedPatterns.length > 0) {
    parts.push(
      `These are protected. A change to one of them stops the task until a person has approved it, so leave them alone
unless the task cannot be done otherwise:\n\n${codeList(protectedPatterns)}`,
    );
  }
  parts.push(
    `\`*\` and \`?\` match within one part of a path, \`**\` any number of parts. A path without them names a file, or a
directory with all that is below it.`,
  );
  return `## What you may change\n\n${parts.join('\n\n')}`;
}

function judged(input: PromptInput): string {
  const { gate } = input;
  return `## How the work is judged

1. ${TAKEN}
2. Every changed path is checked against the section above, added, deleted and renamed ones included.
3. The gate ${codeSpan(gate.name)} runs in a clean checkout of exactly your result, outside of this directory.
   Run it yourself before you finish:

${fence(gate.command, 'sh')}

${ONLY_WHAT_RUNS}${testPolicy(input)}`;
}

function gated(input: PromptInput): string {
  const { gate } = input;
  return `## The gate

The gate is ${codeSpan(gate.name)}. Run it yourself before you finish:

${fence(gate.command, 'sh')}${testPolicy(input)}`;
}

function testPolicy({ task }: PromptInput): string {
  return task.testPolicy === null ? '' : `\n\nTest policy of this task: ${codeSpan(task.testPolicy)}`;
}
