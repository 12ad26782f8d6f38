import { codeSpan, fence } from './fence.ts';
import type { Checkpoint } from './issue-tools.ts';

/** Another agent worked on the task before. */
export interface Handover {
  /** Agent specs. */
  readonly from: string;
  readonly to: string;
  /** Why it did not go on. */
  readonly why: string;
  /** What the earlier one said last of its progress; null: nothing. */
  readonly checkpoint: Checkpoint | null;
}

/** What an agent is told that takes over from another one; empty where none does. */
export function handoverSection(handover: Handover | null): string {
  if (handover === null) return '';
  const { from, to, why, checkpoint } = handover;
  const told =
    checkpoint === null ? '' : `\n\nWhat it said last of its progress:\n\n${fence(checkpointText(checkpoint))}`;
  return `## You take over from another agent

Until now ${codeSpan(from)} worked on this task; you are ${codeSpan(to)}. It did not go on: ${codeSpan(why, WHY_MAX)}. What
it made is in the directory. Look at it first, keep what is right, and go on from there. You cannot ask it anything.${told}`;
}

const WHY_MAX = 400;

function checkpointText({ phase, focus, nextAction, blockers, evidence }: Checkpoint): string {
  const list = (name: string, entries: readonly string[]): string[] =>
    entries.length === 0 ? [] : [`${name}:`, ...entries.map((entry) => `- ${entry}`)];
  return [
    `phase: ${phase}`,
    `focus: ${focus}`,
    ...(nextAction === null ? [] : [`next: ${nextAction}`]),
    ...list('blockers', blockers),
    ...list('evidence', evidence),
  ].join('\n');
}
