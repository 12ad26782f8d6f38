import { setImmediate as immediate } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';

import { compareIds, dispatchOrder } from '../../core/frontier.ts';
import { inertLine } from '../../core/inert.ts';
import type { Snapshot, TaskView } from '../../core/snapshot.ts';
import type { TaskStatus } from '../../core/task-state.ts';
import type { StoreReader } from '../../store/store.ts';
import { eventLines } from '../story/event-line.ts';
import type { Output } from '../terminal/output.ts';
import { runningView } from '../status/run-view.ts';
import type { RunningView } from '../status/run-view.ts';
import { columnsOf, cutTo } from '../terminal/columns.ts';
import { formatDuration, renderRows } from '../terminal/table.ts';

/*
 * What a run shows while it goes on. On a terminal that can be drawn on: events scroll, below them one line for each
 * running attempt, the train and the questions, drawn again in place. Elsewhere: a plain line for each event. Invariants:
 * 1. Only one drawing is under way; whatever else is printed meanwhile goes through `interlude`.
 * 2. No line of the frame is wider than the terminal, and the frame is lower: its rows can be counted.
 */

const FRAME_MS = 250;
/** An attempt that was not heard of for longer says so. */
const QUIET_MS = 10_000;
const TITLE_MAX = 200;
/** Lines of the frame besides those of attempts, and some of the events above it. */
const OTHER_LINES = 8;
/** On a narrower terminal what is done counts more than who does it. */
const AGENT_WIDTH = 60;

export class LiveView {
  readonly #output: Output;
  readonly #reader: StoreReader;
  readonly #now: () => number;
  #seq: number;
  /** The frame on the terminal, as plain text. */
  #drawn: readonly string[] = [];
  #snapshot: Snapshot | null = null;
  readonly #titles = new Map<string, string>();
  #timer: NodeJS.Timeout | null = null;
  #busy: Promise<void> = Promise.resolve();

  /** @param sinceSeq events after this number are shown. */
  constructor(output: Output, reader: StoreReader, now: () => number, sinceSeq: number) {
    this.#output = output;
    this.#reader = reader;
    this.#now = now;
    this.#seq = sinceSeq;
  }

  start(): void {
    if (!this.#output.canRedraw) return;
    // What goes wrong is thrown by the next `update` or `stop`: they wait for the same queue.
    this.#timer = setInterval(() => void this.#queue(() => this.#draw()).catch(() => undefined), FRAME_MS);
    this.#timer.unref();
  }

  /** Shows what is new. */
  async update(snapshot: Snapshot): Promise<void> {
    this.#snapshot = snapshot;
    await this.#queue(() => this.#draw());
  }

  /** Shows the events so far and takes the changing lines away while something else is printed. */
  async interlude(talk: () => void | Promise<void>): Promise<void> {
    await this.#queue(async () => {
      await this.#draw(false);
      await talk();
    });
  }

  /** Takes the changing lines away and shows the last events. */
  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    await this.#queue(() => this.#draw(false));
  }

  #queue(work: () => Promise<void>): Promise<void> {
    this.#busy = this.#busy.then(work);
    return this.#busy;
  }

  async #draw(withFrame = true): Promise<void> {
    // A change of size that waits to be told is told first.
    await immediate();
    const { width } = this.#output;
    const events = await this.#reader.events({ sinceSeq: this.#seq });
    this.#seq = events.at(-1)?.seq ?? this.#seq;
    for (const { type, taskId } of events)
      if (type === 'task.leased' && taskId !== null) await this.#learnTitle(taskId);
    const lines = eventLines(events, this.#output, (id) => this.#titleOf(id));
    const frame =
      withFrame && this.#output.canRedraw && this.#snapshot !== null ? await this.#frame(this.#snapshot) : [];
    if (lines.length === 0 && frame.length === 0 && this.#drawn.length === 0) return;
    // Up over the last frame, whose lines take more rows if the terminal has become narrower, and clear from there.
    // A key that was pressed, Ctrl-C above all, has left the cursor anywhere in its line.
    const rows = this.#drawn.reduce((sum, line) => sum + Math.max(1, Math.ceil(columnsOf(line) / width)), 0);
    const back = rows > 0 ? `\r\u001b[${rows}A\u001b[0J` : '';
    this.#output.write(back + [...lines, ...frame].map((line) => `${line}\n`).join(''));
    this.#drawn = frame.map((line) => stripVTControlCharacters(line));
  }

  /** As it is at the start of an attempt. */
  async #learnTitle(id: string): Promise<void> {
    const task = await this.#reader.task(id);
    if (task !== null) this.#titles.set(id, inertLine(task.spec.title, TITLE_MAX));
  }

  #titleOf(id: string): string {
    return (
      this.#titles.get(id) ?? inertLine(this.#snapshot?.tasks.find((task) => task.id === id)?.title ?? '', TITLE_MAX)
    );
  }

  async #frame({ tasks, landingBlocked }: Snapshot): Promise<string[]> {
    const { width, height } = this.#output;
    const room = width - 1;
    const nowMs = this.#now();
    const attempts = await this.#reader.runningAttempts();
    const running = attempts.map((attempt) => runningView(attempt, nowMs)).toSorted((a, b) => compareIds(a.id, b.id));
    const counts = await this.#reader.countByStatus();
    const shown = running.slice(0, Math.max(1, height - OTHER_LINES));
    const rows = shown.map((attempt) => [
      attempt.id,
      attempt.phase,
      ...(width < AGENT_WIDTH ? [] : [attempt.agent]),
      formatDuration(attempt.ageMs),
      this.#doing(attempt),
    ]);
    const more = running.length - shown.length;
    const blocked = tasks.filter(({ state }) => state.status === 'blocked').map(({ id }) => id);
    const cut = (text: string): string => cutTo(text, room);
    const style = this.#output.style.bind(this.#output);
    const lines = [
      style('dim', '─'.repeat(room)),
      ...renderRows(rows, room),
      ...(more > 0 ? [`and ${more} more`] : []),
      ...trainLines(tasks).map(cut),
      ...(landingBlocked === null
        ? []
        : [style('red', cut(`nothing can land: ${inertLine(landingBlocked, TITLE_MAX)}`))]),
      ...(blocked.length === 0 ? [] : [style('yellow', cut(`waiting for you: ${blocked.join(', ')} (yard why ID)`))]),
      style('dim', cut(summary(counts))),
    ];
    // Of a frame that is higher than the terminal the upper rows could not be drawn over.
    return lines.slice(-Math.max(1, height - 1));
  }

  /** What the agent said last; while something else is at work, what the task is about. */
  #doing({ id, phase, activity, idleMs }: RunningView): string {
    const text = phase === 'implementing' && activity !== '' ? activity : this.#titleOf(id);
    return idleMs < QUIET_MS ? text : `${text} (quiet for ${formatDuration(idleMs)})`;
  }
}

function trainLines(tasks: readonly TaskView[]): string[] {
  const current = tasks.filter(({ state }) => state.status === 'landing').map(({ id }) => id);
  const next = tasks
    .filter(({ state }) => state.status === 'accepted')
    .toSorted(dispatchOrder)
    .map(({ id }) => id);
  if (current.length + next.length === 0) return [];
  if (current.length === 0) return [`train: ${next.join(', ')}`];
  return [`train: ${current.join(', ')}${next.length === 0 ? '' : `, then ${next.join(', ')}`}`];
}

function summary(counts: Readonly<Record<TaskStatus, number>>): string {
  return [
    `${counts.ready} ready`,
    `${counts.running} running`,
    `${counts.accepted + counts.landing} in the train`,
    `${counts.landed} landed`,
    ...(counts.parked > 0 ? [`${counts.parked} parked`] : []),
  ].join(' · ');
}
