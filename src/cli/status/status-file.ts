import { join } from 'node:path';

import type { Clock } from '../../core/clock.ts';
import type { Snapshot } from '../../core/snapshot.ts';
import { errnoOf } from '../../process/errno.ts';
import { writeView } from '../../process/file.ts';
import type { LocalYard } from '../../reconcile/yard.ts';
import { formatTime } from '../story/event-line.ts';
import { renderMarkdown } from './status-markdown.ts';
import { makeStatus } from './status-view.ts';

/*
 * `STATUS.md` in the state directory: the status for whoever has only a browser, or an editor. Invariants:
 * 1. It is a view: nothing reads it back, and that it cannot be written never ends a run.
 * 2. Whoever reads it sees a whole page, the last one or the one before.
 */

const FILE = 'STATUS.md';
/** A page is written no more often, whatever happens; what was left out is in the next one. */
const EVERY_MS = 2_000;
const SHOWN = { tasks: { ready: 50, finished: 20 }, recent: 10 };

export class StatusFile {
  readonly #yard: LocalYard;
  readonly #clock: Clock;
  #seenSeq = -1;
  #writtenMs = -Infinity;
  #landingBlocked: string | null = null;

  constructor(yard: LocalYard, clock: Clock) {
    this.#yard = yard;
    this.#clock = clock;
  }

  /** After a cycle: writes it if something has happened since the last time. */
  async update({ landingBlocked }: Snapshot): Promise<void> {
    this.#landingBlocked = landingBlocked;
    if (this.#clock.monotonicMs() - this.#writtenMs >= EVERY_MS) await this.#write();
  }

  /** The last of a run, once it has given the yard back. */
  async finish(): Promise<void> {
    await this.#write();
  }

  async #write(): Promise<void> {
    const [newest] = await this.#yard.store.events({ limit: 1, newest: true });
    if (newest === undefined || newest.seq === this.#seenSeq) return;
    this.#writtenMs = this.#clock.monotonicMs();
    this.#seenSeq = newest.seq;
    const { redactor, stateDirectory } = this.#yard;
    const text = redactor.text(await this.#page());
    try {
      await writeView(join(stateDirectory, FILE), text);
    } catch (error) {
      // A full disk, say: the run itself says so where it matters.
      if (errnoOf(error) === null) throw error;
    }
  }

  async #page(): Promise<string> {
    const { store, settings, repository, stateDirectory } = this.#yard;
    const { pin } = await settings.current();
    const nowMs = this.#clock.nowMs();
    const reading = { reader: store, location: repository, stateDirectory, pin, pinnedMs: nowMs };
    const known = { configProblem: settings.problem?.message ?? null, landingBlocked: this.#landingBlocked };
    const status = await makeStatus(reading, { clock: this.#clock, env: {}, known }, SHOWN);
    return renderMarkdown(status, formatTime(nowMs));
  }
}
