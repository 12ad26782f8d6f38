import { codeSpan, fence } from './fence.ts';
import { inert } from './inert.ts';
import type { Checkpoint } from './issue-tools.ts';

/** What another agent left that worked on the task before this one, or this one in a session that is not gone on with. */
export interface Handover {
  /** Agent spec. */
  readonly from: string;
  /** Whether it was another program, or another model. */
  readonly isOther: boolean;
  /** What it last said of where it is; null: nothing. */
  readonly checkpoint: Checkpoint | null;
}

const TEXT_MAX = 4_000;

/** Empty where there is nothing to hand over. */
export function handoverSection(handover: Handover | null): string {
  if (handover === null || (!handover.isOther && handover.checkpoint === null)) return '';
  const { from, isOther, checkpoint } = handover;
  const parts = [
    isOther
      ? `## Go on with what another agent began

The agent ${codeSpan(from)} worked on this task before you; what it left is in the current directory. Look at what it has changed
before you change anything, keep what is good, and go on from there.`
      : '## Where the work stood',
  ];
  if (checkpoint !== null) parts.push(`The last that was said of the work:\n\n${fence(progressOf(checkpoint))}`);
  return parts.join('\n\n');
}

function progressOf({ phase, focus, nextAction, blockers, evidence }: Checkpoint): string {
  const lines = [
    `phase: ${phase}`,
    `focus: ${focus}`,
    ...(nextAction === null ? [] : [`next: ${nextAction}`]),
    ...blockers.map((blocker) => `blocked by: ${blocker}`),
    ...evidence.map((one) => `evidence: ${one}`),
  ];
  return inert(lines.join('\n')).slice(0, TEXT_MAX);
}
