const MINUTE_MS = 60_000;
const LONGEST_MS = 5 * MINUTE_MS;
/** Of a shorter turn there is nothing to be saved that telling would not disturb. */
const TURN_MS_MIN = 5 * MINUTE_MS;

/** How long before the end of a turn its agent is told that its time is nearly up, in ms; null: not at all. */
export function lastCallMs(timeoutMs: number): number | null {
  return timeoutMs < TURN_MS_MIN ? null : Math.min(LONGEST_MS, timeoutMs / 5);
}

/** What it is told. A turn that its time ends leaves its files, but neither a report nor a hint of what was to come. */
export function lastCall(leftMs: number, hasTools: boolean): string {
  const minutes = Math.round(leftMs / MINUTE_MS);
  const left = minutes < 1 ? 'less than a minute' : minutes === 1 ? 'a minute' : `${minutes} minutes`;
  const rest = hasTools
    ? 'If your work can be done by then: call report_packet and finish. If not: leave the files as far as they are ' +
      'good, and call report_progress with what is done and what comes next, for another attempt goes on from there.'
    : 'Then end with the last message that you were asked for.';
  return `Your time is nearly up: this turn is ended in about ${left}. Begin nothing new. ${rest}`;
}
