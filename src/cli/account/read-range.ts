import { Ledger } from '../../core/ledger.ts';
import type { Range } from '../../core/report.ts';
import { UserError } from '../../core/user-error.ts';
import type { YardEvent } from '../../core/yard-event.ts';
import type { StoreReader } from '../../store/store.ts';
import { readMoment } from './moment.ts';
import type { Moment } from './moment.ts';

/** Of events that are held at once. */
const PAGE = 5_000;
const DAY_MS = 86_400_000;

export interface RangeOptions {
  readonly since?: string;
  readonly until?: string;
}

/**
 * What is meant by `--since` and `--until`: without them, from the end of the run before the last, so that what people
 * did between the two is part of it, until now; of an only run from its beginning; without any, of the last day.
 */
export async function readRange(reader: StoreReader, options: RangeOptions, nowMs: number): Promise<Range> {
  const since = options.since === undefined ? null : readMoment(options.since, '--since', nowMs);
  const until = options.until === undefined ? null : readMoment(options.until, '--until', nowMs);
  const begin = since === null ? await lastRun(reader, nowMs) : await placeOf(reader, since);
  const end = until === null ? await untilNow(reader, nowMs) : await placeOf(reader, inclusive(until));
  if (begin.seq > end.seq || begin.ms > end.ms) {
    throw new UserError({
      code: 'bad-range',
      message: 'the time of --until is before that of --since',
      hint: 'Leave --until out to have all until now.',
    });
  }
  return { sinceSeq: begin.seq, untilSeq: end.seq, sinceMs: begin.ms, untilMs: end.ms };
}

/** All that there is. */
export async function wholeRange(reader: StoreReader, nowMs: number): Promise<Range> {
  const [first] = await reader.events({ limit: 1 });
  const end = await untilNow(reader, nowMs);
  return { sinceSeq: 0, untilSeq: end.seq, sinceMs: Math.min(first?.atMs ?? nowMs, nowMs), untilMs: nowMs };
}

/** Adds up the events of a range. */
export async function readLedger(reader: StoreReader, range: Range, types: readonly string[]): Promise<Ledger> {
  const ledger = new Ledger(range.sinceMs);
  for await (const page of pagesOf(reader, range, types)) for (const event of page) ledger.add(event);
  return ledger;
}

/** The events of a range, some at a time. */
export async function* pagesOf(
  reader: StoreReader,
  { sinceSeq, untilSeq }: Pick<Range, 'sinceSeq' | 'untilSeq'>,
  types?: readonly string[],
): AsyncGenerator<readonly YardEvent[]> {
  for (let from = sinceSeq; ;) {
    const filter = { sinceSeq: from, untilSeq, limit: PAGE };
    const page = await reader.events(types === undefined ? filter : { ...filter, types });
    if (page.length > 0) yield page;
    if (page.length < PAGE) return;
    from = page.at(-1)?.seq ?? untilSeq;
  }
}

interface Place {
  readonly seq: number;
  readonly ms: number;
}

async function lastRun(reader: StoreReader, nowMs: number): Promise<Place> {
  const [run] = await reader.events({ types: ['run.started'], newest: true, limit: 1 });
  if (run !== undefined) {
    // It is told after the first cycle, which has started attempts already: the event names what came before the run.
    const { afterSeq = run.seq - 1 } = (run.data ?? {}) as { readonly afterSeq?: number };
    const [before] = await reader.events({ types: ['run.ended'], untilSeq: afterSeq, newest: true, limit: 1 });
    if (before !== undefined) return { seq: before.seq, ms: Math.min(before.atMs, nowMs) };
    const [first] = await reader.events({ sinceSeq: afterSeq, limit: 1 });
    return { seq: afterSeq, ms: Math.min(first?.atMs ?? run.atMs, nowMs) };
  }
  return placeOf(reader, { kind: 'time', ms: nowMs - DAY_MS });
}

async function untilNow(reader: StoreReader, nowMs: number): Promise<Place> {
  const [last] = await reader.events({ newest: true, limit: 1 });
  return { seq: last?.seq ?? 0, ms: nowMs };
}

async function placeOf(reader: StoreReader, moment: Moment): Promise<Place> {
  if (moment.kind === 'time') return { seq: await reader.seqBefore(moment.ms), ms: moment.ms };
  const [event] = await reader.events({ untilSeq: moment.seq, newest: true, limit: 1 });
  return { seq: moment.seq, ms: event?.atMs ?? 0 };
}

/** What happened at that very time is part of the range. */
function inclusive(moment: Moment): Moment {
  return moment.kind === 'time' ? { kind: 'time', ms: moment.ms + 1 } : moment;
}
