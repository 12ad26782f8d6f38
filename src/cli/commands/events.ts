import { setTimeout as delay } from 'node:timers/promises';

import { inertLine } from '../../core/inert.ts';
import type { YardEvent } from '../../core/yard-event.ts';
import type { EventFilter, StoreReader } from '../../store/store.ts';
import { EXIT } from '../context.ts';
import type { CommandContext, ExitCode } from '../context.ts';
import { numberedEvent } from '../story/event-line.ts';
import { findTask } from '../tasks/find-task.ts';
import { Interrupt } from '../terminal/interrupt.ts';
import type { Output } from '../terminal/output.ts';

export interface EventsOptions {
  readonly since?: number;
  readonly type?: readonly string[];
  readonly task?: string;
  readonly limit?: number;
  readonly follow?: boolean;
  readonly json?: boolean;
}

const NEWEST = 50;
/** Read and printed at once: a story may have a million events. */
const PAGE = 1_000;
const POLL_MS = 200;
const TYPES_MAX = 1_000;

/** `yard events`: what has happened, by number. */
export async function eventsCommand(context: CommandContext, options: EventsOptions): Promise<ExitCode> {
  const { compose, cwd, output } = context;
  const reading = await compose.reading(cwd);
  // From before the first line on: whoever has seen one may press Ctrl-C.
  const interrupt = options.follow === true ? new Interrupt(() => process.exit(EXIT.ok)) : null;
  try {
    const { reader } = reading;
    const about: EventFilter = {
      ...(options.type === undefined ? {} : { types: options.type }),
      ...(options.task === undefined
        ? {}
        : { taskId: (await findTask(reader, options.task, reading.location)).spec.id }),
    };
    const print = (events: readonly YardEvent[]): void => printEvents(output, events, options.json === true);
    const { count, lastSeq } = await printPast(reader, about, options, print);
    if (interrupt !== null) await follow(reader, about, { output, sinceSeq: lastSeq, print, signal: interrupt.signal });
    else if (count === 0 && options.limit !== 0) output.say(await whyNone(reader, options));
    return EXIT.ok;
  } finally {
    interrupt?.dispose();
    await reading.reader.close();
  }
}

/** Prints what is wanted of the past. Returns how many, and after which number the future begins. */
async function printPast(
  reader: StoreReader,
  about: EventFilter,
  { since, limit }: EventsOptions,
  print: (events: readonly YardEvent[]) => void,
): Promise<{ readonly count: number; readonly lastSeq: number }> {
  const [newest] = await reader.events({ limit: 1, newest: true });
  if (since === undefined) {
    const events = await reader.events({ ...about, newest: true, limit: limit ?? NEWEST });
    print(events);
    return { count: events.length, lastSeq: Math.max(newest?.seq ?? 0, events.at(-1)?.seq ?? 0) };
  }
  const most = limit ?? Infinity;
  let sinceSeq = since;
  let count = 0;
  while (count < most) {
    const page = Math.min(PAGE, most - count);
    const events = await reader.events({ ...about, sinceSeq, limit: page });
    print(events);
    count += events.length;
    sinceSeq = events.at(-1)?.seq ?? sinceSeq;
    if (events.length < page) break;
  }
  return { count, lastSeq: sinceSeq };
}

/** Prints what happens, until Ctrl-C, or until nobody reads it any more. */
async function follow(
  reader: StoreReader,
  about: EventFilter,
  {
    output,
    sinceSeq,
    print,
    signal,
  }: { output: Output; sinceSeq: number; print: (events: readonly YardEvent[]) => void; signal: AbortSignal },
): Promise<void> {
  let seq = sinceSeq;
  let version: number | null = null;
  while (!signal.aborted && !output.isClosed) {
    const current = await reader.version();
    if (current === version) {
      await delay(POLL_MS);
      continue;
    }
    version = current;
    const events = await reader.events({ ...about, sinceSeq: seq, limit: PAGE });
    print(events);
    seq = events.at(-1)?.seq ?? seq;
    // There may be more of the same version.
    if (events.length === PAGE) version = null;
  }
}

function printEvents(output: Output, events: readonly YardEvent[], json: boolean): void {
  if (!json) return output.lines(events.map((event) => numberedEvent(event, output)));
  for (const { seq, atMs, type, taskId, attempt, data } of events) {
    const at = new Date(atMs).toISOString();
    output.jsonText(JSON.stringify({ seq, at, type, task: taskId, attempt, data }), { lines: true });
  }
}

async function whyNone(reader: StoreReader, { type }: EventsOptions): Promise<string> {
  const recent = await reader.events({ newest: true, limit: TYPES_MAX });
  if (recent.length === 0) return 'Nothing has happened yet.';
  if (type === undefined) return 'No event fits.';
  const known = [...new Set(recent.map((event) => event.type))].toSorted();
  return `No event fits. Types of the newest ones: ${inertLine(known.join(', '), TYPES_MAX)}`;
}
