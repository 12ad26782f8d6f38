import type { AttemptOutcome, OutcomeKind } from './attempt.ts';
import { codeList, codeSpan, fence } from './fence.ts';
import { impossible } from './impossible.ts';
import { inert } from './inert.ts';

/** An attempt that has ended. */
export interface PreviousAttempt {
  readonly attempt: number;
  readonly outcome: AttemptOutcome;
}

/** Most characters of a log in a prompt; its end says what failed. */
const LOG_MAX = 12_000;
const OLDER_MAX = 20;

/**
 * What became of the attempts before: the newest in full, and where that one was only interrupted, the newest that was
 * not; the others in a line each. Empty when there are none.
 */
export function historySection(previous: readonly PreviousAttempt[]): string {
  const newestFirst = previous.toSorted((a, b) => b.attempt - a.attempt);
  const [last] = newestFirst;
  if (last === undefined) return '';
  const parts = [`## What happened before\n\n### Attempt ${last.attempt}, the last one\n\n${inFull(last.outcome)}`];
  const judged = newestFirst.find(({ outcome }) => !INTERRUPTIONS.has(outcome.kind));
  if (judged !== undefined && judged !== last) {
    parts.push(`### Attempt ${judged.attempt}, the last one that was judged\n\n${inFull(judged.outcome)}`);
  }
  const older = newestFirst.filter((one) => one !== last && one !== judged);
  if (older.length > 0) {
    const lines = older.slice(0, OLDER_MAX).map(({ attempt, outcome }) => `- Attempt ${attempt}: ${inALine(outcome)}`);
    if (older.length > OLDER_MAX) lines.push(`- and ${older.length - OLDER_MAX} more before`);
    parts.push(`### Earlier attempts\n\n${lines.join('\n')}`);
  }
  return parts.join('\n\n');
}

const INTERRUPTIONS: ReadonlySet<OutcomeKind> = new Set(['provider', 'infrastructure', 'lost', 'cancelled']);

function inFull(outcome: AttemptOutcome): string {
  switch (outcome.kind) {
    case 'accepted':
      return 'It passed the gate and was accepted, but did not land.';
    case 'gate-red':
      return `The gate was red: ${codeSpan(outcome.summary)}. The end of its output:\n\n${fence(logEnd(outcome.logTail))}

Find the cause, mend it, and run the gate yourself.`;
    case 'audit-needs-fix':
      return `The gate was green, but the audit asks for changes:\n\n${fence(outcome.summary)}`;
    case 'scope':
      return scopeInFull(outcome.violations);
    case 'no-change':
      return `It changed nothing that is taken (files that the repository ignores are not). If there is nothing to do, or you
cannot do it, say so with a question (see below); an empty result is never accepted.`;
    case 'no-packet':
      return `It gave no usable report: ${codeSpan(outcome.why)}. Report as the last section says. The end of its output:

${fence(logEnd(outcome.outputTail))}`;
    case 'question':
      return `It stopped with this question:\n\n${fence(outcome.text)}`;
    case 'needs-approval':
      return withPaths('It changed protected paths, and a person was asked:', outcome.paths);
    case 'conflict':
      return withPaths(
        `The work could not be combined with what has landed since: ${codeSpan(outcome.why)}`,
        outcome.paths,
      );
    case 'policy':
      return withPaths(`It was refused by a rule: ${codeSpan(outcome.why)}`, outcome.paths);
    case 'integrity':
      return `It was refused because its evidence did not hold: ${codeSpan(outcome.why)}`;
    case 'provider':
    case 'budget':
    case 'infrastructure':
    case 'lost':
      return `It was interrupted by something that was not its fault: ${codeSpan(outcome.why)}. Go on from what it left.`;
    case 'cancelled':
      return 'It was cancelled by a person.';
    default:
      throw impossible(outcome satisfies never);
  }
}

function scopeInFull(violations: readonly { readonly path: string; readonly why: 'outside' | 'forbidden' }[]): string {
  const outside = violations.filter(({ why }) => why === 'outside').map(({ path }) => path);
  const forbidden = violations.filter(({ why }) => why === 'forbidden').map(({ path }) => path);
  const parts = ['It changed what this task may not change, so nothing else of it was looked at.'];
  if (outside.length > 0) parts.push(`Outside of what the task owns:\n\n${codeList(outside)}`);
  if (forbidden.length > 0) parts.push(`Forbidden:\n\n${codeList(forbidden)}`);
  parts.push(
    `Put each of these back to what it is on the target branch (delete what you added, restore what you deleted), and reach
the goal within the scope. If that is impossible, say so with a question that names the path and the reason.`,
  );
  return parts.join('\n\n');
}

function inALine(outcome: AttemptOutcome): string {
  switch (outcome.kind) {
    case 'accepted':
      return 'accepted, but it did not land';
    case 'gate-red':
      return `the gate was red: ${codeSpan(outcome.summary, 200)}`;
    case 'audit-needs-fix':
      return `the audit asked for changes: ${codeSpan(outcome.summary, 200)}`;
    case 'scope':
      return `it left its scope: ${codeSpan(outcome.violations.map(({ path }) => path).join(', '), 200)}`;
    case 'no-change':
      return 'it changed nothing';
    case 'question':
      return `it asked: ${codeSpan(outcome.text, 200)}`;
    case 'needs-approval':
      return `it changed protected paths: ${codeSpan(outcome.paths.join(', '), 200)}`;
    case 'no-packet':
    case 'provider':
    case 'budget':
    case 'infrastructure':
    case 'conflict':
    case 'integrity':
    case 'policy':
    case 'lost':
      return `${ENDED[outcome.kind]}: ${codeSpan(outcome.why, 200)}`;
    case 'cancelled':
      return 'it was cancelled';
    default:
      throw impossible(outcome satisfies never);
  }
}

const ENDED = {
  'no-packet': 'no usable report',
  provider: 'the provider did not serve',
  budget: 'a budget was spent',
  infrastructure: 'the machine failed it',
  conflict: 'it conflicted with what has landed',
  integrity: 'its evidence did not hold',
  policy: 'a rule refused it',
  lost: 'its process was lost',
} as const;

function withPaths(text: string, paths: readonly string[]): string {
  return paths.length > 0 ? `${text}\n\n${codeList(paths)}` : text;
}

/** The last part of a log, from the start of a line where one is near. */
function logEnd(text: string): string {
  const clean = inert(text);
  if (clean.length <= LOG_MAX) return clean;
  const end = clean.slice(-LOG_MAX);
  const line = end.indexOf('\n');
  return `… (the start is left out)\n${line >= 0 && line < LOG_MAX / 2 ? end.slice(line + 1) : end}`;
}
