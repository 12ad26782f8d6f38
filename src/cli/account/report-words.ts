import type { FailureOwner } from '../../core/attempt.ts';
import type { Need } from '../../core/need.ts';
import type { Report } from '../../core/report.ts';
import { counted, formatDuration } from '../terminal/table.ts';

// What a report says in words, whether as text or as Markdown.

/** What waits, in a sentence. */
export function needSentence({ kind, taskId, text }: Need): string {
  return taskId === null ? text : `${taskId} ${NEED_WORDS[kind] ?? 'waits'}: ${text}`;
}

const NEED_WORDS: { readonly [K in Need['kind']]?: string } = {
  question: 'asks',
  approval: 'wants approval',
  parked: 'is parked',
};

const OWNER_WORDS: { readonly [K in FailureOwner]: string } = {
  product: 'the work itself',
  conflict: 'conflicts',
  infrastructure: 'this machine',
  provider: 'a provider',
  integrity: 'integrity',
  policy: 'policy',
  human: 'a person',
};

const ACT_WORDS: Readonly<Record<string, readonly [string, string]>> = {
  answers: ['answer', 'answers'],
  approvals: ['approval', 'approvals'],
  refusals: ['refusal', 'refusals'],
  retries: ['task put back', 'tasks put back'],
  cancellations: ['cancellation', 'cancellations'],
  replacements: ['replacement', 'replacements'],
  parks: ['task parked', 'tasks parked'],
  wakes: ['task woken', 'tasks woken'],
  pauses: ['pause', 'pauses'],
  unpauses: ['pause taken away', 'pauses taken away'],
  stops: ['stop', 'stops'],
  resumes: ['resume', 'resumes'],
  breakerResets: ['breaker reset', 'breaker resets'],
};

const MISHAP_WORDS: Readonly<Record<string, string>> = {
  unstarted: 'processes that did not start',
  trainFailures: 'failures of the train',
  redTargets: 'the target itself was red',
  flakyGates: 'gates that were red once and green the second time',
  survivors: 'processes that could not be ended',
  damage: 'damaged objects',
  mended: 'things mended in passing',
};

/** `gate-red 3, no-change 1`. */
function kindsIn(kinds: Readonly<Record<string, number>>): string {
  return Object.entries(kinds)
    .toSorted(([, a], [, b]) => b - a)
    .map(([kind, count]) => `${kind} ${count}`)
    .join(', ');
}

/** Cells: the owner, how many, and of what kinds. */
export function failureRows({ failures }: Report): string[][] {
  return failures.map(({ owner, count, kinds }) => [OWNER_WORDS[owner], String(count), kindsIn(kinds)]);
}

/** Sentences on what the yard cost people. */
export function attentionLines({ attention: { asked, acts, waited } }: Report): string[] {
  const needed = [
    ...(asked.questions > 0 ? [counted(asked.questions, 'question')] : []),
    ...(asked.approvals > 0 ? [counted(asked.approvals, 'approval')] : []),
    ...(asked.parked > 0 ? [counted(asked.parked, 'parked task')] : []),
    ...(asked.stops > 0 ? [counted(asked.stops, 'stop')] : []),
  ];
  const times = asked.questions + asked.approvals + asked.parked + asked.stops;
  const done = Object.entries(acts).map(([act, count]) => {
    const [one = act, many = act] = ACT_WORDS[act] ?? [];
    return `${count} ${count === 1 ? one : many}`;
  });
  const lines = [
    times === 0 ? 'nothing new needed a person' : `it needed a person ${counted(times, 'time')}: ${needed.join(', ')}`,
    done.length === 0 ? 'nobody did anything' : `people did: ${done.join(', ')}`,
  ];
  if (waited.median !== null && waited.longest !== null) {
    lines.push(
      `${counted(waited.count, 'wait')} for an answer or an approval: half of them up to ${formatDuration(waited.median)}, ` +
        `the longest ${formatDuration(waited.longest)}, ${formatDuration(waited.total)} together`,
    );
  }
  return lines;
}

/** Sentences on what the machine lost; none where it lost nothing. */
export function machineLines({ machine }: Report): string[] {
  const { lostAttempts, interruptedAttempts, lostMs, mishaps } = machine;
  const lines: string[] = [];
  if (lostAttempts > 0) lines.push(`${counted(lostAttempts, 'attempt')} lost with the process; the work is kept`);
  if (interruptedAttempts > 0) lines.push(`${counted(interruptedAttempts, 'attempt')} ended by a person`);
  if (lostMs > 0) lines.push(`${formatDuration(lostMs)} of attempts came to nothing by the machine or a provider`);
  for (const [mishap, count] of Object.entries(mishaps)) lines.push(`${MISHAP_WORDS[mishap] ?? mishap}: ${count}`);
  return lines;
}
