import { setTimeout as delay } from 'node:timers/promises';

import type { ProcessIdentity } from '../../core/process-identity.ts';
import { UserError } from '../../core/user-error.ts';
import { EXIT } from '../context.ts';
import type { CommandContext, ExitCode, Reading } from '../context.ts';
import { Interrupt } from '../terminal/interrupt.ts';
import { LiveView } from '../run/live-view.ts';
import { endOfRun, tellEnd } from '../run/run-end.ts';
import { schedulerOf } from '../schedule/scheduler.ts';
import { snapshotNow } from '../schedule/seen-snapshot.ts';
import { formatDuration } from '../terminal/table.ts';

const POLL_MS = 100;
/** What a snapshot needs of git is not asked for more often. */
const LOOK_EVERY_MS = 1_000;

/** `yard attach`: shows a run that goes on elsewhere as if it went on here, and ends as that one does. */
export async function attachCommand(context: CommandContext): Promise<ExitCode> {
  const reading = await context.compose.reading(context.cwd);
  try {
    const scheduler = await schedulerOf(reading.reader, context.compose.clock);
    if (scheduler === null) throw await noRun(context, reading);
    const [last] = await reading.reader.events({ limit: 1, newest: true });
    context.output.say(`the run is process ${scheduler.pid}; Ctrl-C leaves it alone`);
    return await follow(context, reading, scheduler, last?.seq ?? 0);
  } finally {
    await reading.reader.close();
  }
}

async function follow(
  { output, compose: { clock } }: CommandContext,
  reading: Reading,
  { pid }: ProcessIdentity,
  sinceSeq: number,
): Promise<ExitCode> {
  const { reader } = reading;
  const interrupt = new Interrupt(() => process.exit(EXIT.failed));
  const view = new LiveView(output, reader, () => clock.nowMs(), sinceSeq);
  view.start();
  try {
    let lookedMs = -Infinity;
    for (;;) {
      const isOver = (await schedulerOf(reader, clock))?.pid !== pid;
      if (isOver || interrupt.signal.aborted || output.isClosed) break;
      if (performance.now() - lookedMs >= LOOK_EVERY_MS) {
        const snapshot = await snapshotNow(reading, clock);
        if (snapshot !== null) await view.update(snapshot);
        lookedMs = performance.now();
      }
      await delay(POLL_MS, undefined, { signal: interrupt.signal }).catch(ignoreAbort);
    }
    await view.stop();
    if (interrupt.signal.aborted) {
      output.say('the run goes on. Come back with: yard attach. End it with: yard stop');
      return EXIT.ok;
    }
    const events = await reader.events({ sinceSeq, types: ['run.ended'] });
    const end = events.map(endOfRun).find((entry) => entry !== null && entry.pid === pid);
    if (end !== undefined && end !== null) return await tellEnd(output, reader, end.end);
    output.say('the run has died. What ran goes on by itself, and nothing is lost. Go on with: yard run');
    return EXIT.failed;
  } finally {
    interrupt.dispose();
    await view.stop();
  }
}

function ignoreAbort(error: unknown): void {
  if (!(error instanceof Error && error.name === 'AbortError')) throw error;
}

async function noRun({ compose }: CommandContext, { reader }: Reading): Promise<UserError> {
  const [last] = await reader.events({ types: ['run.started', 'run.ended'], newest: true, limit: 1 });
  const agoMs = last === undefined ? 0 : compose.clock.nowMs() - last.atMs;
  const how = last?.type === 'run.started' ? 'has died; it had begun' : 'ended';
  const ended = last === undefined ? '' : `; the last one ${how} ${formatDuration(agoMs)} ago`;
  return new UserError({
    code: 'no-run',
    message: `no run is at work${ended}`,
    hint: 'Start one with: yard run --detach',
  });
}
