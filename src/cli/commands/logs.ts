import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { evidenceDirectory } from '../../attempt/evidence-directory.ts';
import type { AttemptOutcome } from '../../core/attempt.ts';
import { inert } from '../../core/inert.ts';
import { UserError } from '../../core/user-error.ts';
import { LogFollower } from '../../process/log-follower.ts';
import type { AttemptRecord, StoreReader } from '../../store/store.ts';
import { EXIT } from '../context.ts';
import type { CommandContext, ExitCode } from '../context.ts';
import { findTask } from '../tasks/find-task.ts';
import { Interrupt } from '../terminal/interrupt.ts';
import { outcomeWhy } from '../story/outcome-why.ts';
import { counted } from '../terminal/table.ts';

const POLL_MS = 200;
const EVENTS_MAX = 2_000;
const LINE_BYTES_MAX = 256 * 1024;

/** `yard logs ID`: what the agent said and what the gate printed, of one attempt (the newest). */
export async function logsCommand(
  context: CommandContext,
  id: string,
  options: { readonly follow?: boolean; readonly attempt?: number },
): Promise<ExitCode> {
  const { compose, cwd, output } = context;
  const reading = await compose.reading(cwd);
  const interrupt = new Interrupt(() => process.exit(EXIT.ok));
  try {
    const task = await findTask(reading.reader, id, reading.location);
    const attempt = await pick(reading.reader, task.spec.id, options.attempt);
    const directory = evidenceDirectory(reading.stateDirectory, task.spec.id, attempt.attempt);
    output.say(`${task.spec.id}, attempt ${attempt.attempt}, agent ${attempt.agent}; all of it in ${directory}`);
    if (attempt.outcome !== null && !existsSync(directory)) output.say('it is not there any more: yard gc removed it');
    const files = [
      new LogFollower(join(directory, 'transcript.ndjson'), LINE_BYTES_MAX, (line) =>
        output.printWhole(inert(textOfRecord(line))),
      ),
      new LogFollower(join(directory, 'gate.log'), LINE_BYTES_MAX, (line) => output.printWhole(`gate: ${inert(line)}`)),
    ];
    for (;;) {
      const [current] = (await reading.reader.attempts(task.spec.id)).filter(
        (entry) => entry.attempt === attempt.attempt,
      );
      for (const file of files) await file.read();
      if (options.follow !== true || current === undefined || current.outcome !== null) {
        for (const file of files) file.end();
        if (current?.outcome) {
          const isInterrupted = await wasInterrupted(reading.reader, task.spec.id, attempt.attempt);
          output.say(`ended: ${isInterrupted ? 'by yard stop --now' : describeOutcome(current.outcome)}`);
        }
        return EXIT.ok;
      }
      if (interrupt.signal.aborted || output.isClosed) return EXIT.ok;
      await delay(POLL_MS);
    }
  } finally {
    interrupt.dispose();
    await reading.reader.close();
  }
}

/** Its outcome alone says `cancelled`; the task was not. */
async function wasInterrupted(reader: StoreReader, taskId: string, attempt: number): Promise<boolean> {
  const events = await reader.events({ types: ['task.interrupted'], taskId, limit: EVENTS_MAX, newest: true });
  return events.some((event) => event.attempt === attempt);
}

async function pick(reader: StoreReader, taskId: string, wanted: number | undefined): Promise<AttemptRecord> {
  const attempts = await reader.attempts(taskId);
  const found = wanted === undefined ? attempts.at(-1) : attempts.find(({ attempt }) => attempt === wanted);
  if (found !== undefined) return found;
  throw new UserError({
    code: 'no-attempt',
    message: wanted === undefined ? `${taskId} has not been tried yet` : `${taskId} has no attempt ${wanted}`,
    hint: wanted === undefined ? `See why with: yard why ${taskId}` : `It has ${counted(attempts.length, 'attempt')}.`,
  });
}

/** What it was, and why, in the words that the task was told. */
function describeOutcome(outcome: AttemptOutcome): string {
  const why = outcomeWhy(outcome);
  if (outcome.kind === 'question') return `question\n${inert(outcome.text)}`;
  return why === null ? outcome.kind : `${outcome.kind}: ${inert(why)}`;
}

/** A record of the transcript; a line that is none (its writer was killed) is shown as it is. */
function textOfRecord(line: string): string {
  try {
    const record = JSON.parse(line) as { readonly text?: unknown } | null;
    return typeof record?.text === 'string' ? record.text : line;
  } catch (error) {
    if (error instanceof SyntaxError) return line;
    throw error;
  }
}
