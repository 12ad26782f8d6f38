import { fence } from './fence.ts';
import { reportSection } from './prompt-report.ts';
import type { Reported } from './prompt-report.ts';

/** How often a turn that ended without a terminal signal is gone on with in one attempt. */
export const NUDGES_MAX = 2;

/** What an agent is told whose turn ended without saying how its work ended. */
export function renderNudge(why: string, reported: Reported): string {
  return `Your turn ended, but your work is not reported: what follows was found.

${fence(why)}

If the work is done, report it now. If it is not, go on with it, then report. Nothing that you write as plain text counts
as a report.

${reportSection(reported)}
`;
}
