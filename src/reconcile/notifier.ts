import type { Clock } from '../core/clock.ts';
import { textOf } from '../core/event-data.ts';
import type { Snapshot } from '../core/snapshot.ts';
import type { Store } from '../store/store.ts';
import { cursorOf, noticeChannels } from './notice-channels.ts';
import type { NoticeChannel } from './notice-channel.ts';
import { Outbox } from './outbox.ts';
import type { Settings } from './settings.ts';

/*
 * Tells people what needs them, while a yard is driven. Invariants:
 * 1. No cycle waits for it, and none fails by it.
 * 2. One look at a time; while one sends, what happens meanwhile waits for the next.
 * 3. A channel that has never told anything begins with what happens from now on.
 */

export interface NotifierOptions {
  readonly store: Store;
  readonly settings: { current(): Promise<Settings> };
  readonly repository: { readonly name: string };
  readonly redactor: { text(text: string): string };
  readonly clock: Clock;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** What went wrong with telling, as far as it is not the channel's failure: a full disk, say. Once each. */
  readonly onTrouble: (error: unknown) => void;
  /** How people are reached; by what the configuration says unless said. */
  readonly channelsOf?: typeof noticeChannels;
}

export class Notifier {
  readonly #options: NotifierOptions;
  readonly #outboxes = new Map<NoticeChannel['name'], Outbox>();
  #key = '';
  #look: Promise<void> | null = null;
  #wasBreakerOpen = false;
  #isTroubled = false;

  constructor(options: NotifierOptions) {
    this.#options = options;
  }

  /** Before the first cycle: from here on what happens is told. */
  async open(): Promise<void> {
    await this.#guard(() => this.#refresh());
  }

  /** After a cycle. Returns at once. */
  look(snapshot: Pick<Snapshot, 'failuresInARow' | 'limits'>): void {
    this.#look ??= this.#guard(async () => {
      await this.#watchBreaker(snapshot);
      await this.#tell(false);
    }).finally(() => {
      this.#look = null;
    });
  }

  /**
   * After the last cycle: tells what is left, and waits for it, half a minute at most.
   *
   * @param isInterrupted a person ended the run, and is not to be kept waiting: the next run tells what is left
   */
  async finish(isInterrupted = false): Promise<void> {
    await this.#look;
    if (!isInterrupted) await this.#guard(() => this.#tell(true));
  }

  async #tell(isLast: boolean): Promise<void> {
    const { config } = await this.#refresh();
    const { on, windowMs } = config.notify;
    const rules = { on, windowMs, failuresLimit: config.limits.consecutiveFailures };
    // One slow channel is not to keep the other waiting.
    await Promise.all(this.#outboxes.values().map((outbox) => outbox.look(rules, isLast)));
  }

  /** The channels as the configuration has them now. */
  async #refresh(): Promise<Settings> {
    const settings = await this.#options.settings.current();
    const { notify } = settings.config;
    const key = JSON.stringify(notify);
    if (key === this.#key) return settings;
    const { channelsOf = noticeChannels, environment } = this.#options;
    this.#outboxes.clear();
    for (const channel of channelsOf(notify, environment)) {
      this.#outboxes.set(channel.name, await this.#outboxOf(channel));
    }
    this.#key = key;
    return settings;
  }

  async #outboxOf(channel: NoticeChannel): Promise<Outbox> {
    const { store, clock, repository, redactor } = this.#options;
    let seq = await store.cursor(cursorOf(channel));
    if (seq === null) {
      const [last] = await store.events({ newest: true, limit: 1 });
      seq = last?.seq ?? 0;
      await store.setCursor(cursorOf(channel), seq);
    }
    return new Outbox({
      store,
      channel,
      clock,
      repository: repository.name,
      redact: (text) => redactor.text(text),
      seq,
      isFailing: (await failureOf(store, channel)) !== null,
    });
  }

  /** Says in the log that too many attempts failed in a row, once each time that it comes to that. */
  async #watchBreaker({ failuresInARow: inARow, limits }: Pick<Snapshot, 'failuresInARow' | 'limits'>): Promise<void> {
    const isOpen = inARow >= limits.consecutiveFailures;
    if (isOpen === this.#wasBreakerOpen) return;
    if (isOpen) {
      const types = ['breaker.opened', 'breaker.reset', 'yard.resumed', 'task.accepted'];
      const [last] = await this.#options.store.events({ types, newest: true, limit: 1 });
      if (last?.type !== 'breaker.opened') {
        await this.#options.store.note('breaker.opened', { inARow, limit: limits.consecutiveFailures });
      }
    }
    this.#wasBreakerOpen = isOpen;
  }

  async #guard(act: () => Promise<unknown>): Promise<void> {
    try {
      await act();
      this.#isTroubled = false;
    } catch (error) {
      // Work goes on without it; what it has not told stands in the store, and is tried again after the next cycle.
      if (!this.#isTroubled) this.#options.onTrouble(error);
      this.#isTroubled = true;
    }
  }
}

/** Why a channel could not tell what it had to; null: nothing is known against it. */
export async function failureOf(
  store: Pick<Store, 'events'>,
  { name }: Pick<NoticeChannel, 'name'>,
): Promise<{ readonly why: string; readonly atMs: number } | null> {
  const events = await store.events({ types: ['notify.failed', 'notify.mended'], newest: true, limit: 20 });
  const last = events.findLast(({ data }) => textOf(data, 'channel') === name);
  return last?.type === 'notify.failed' ? { why: textOf(last.data, 'why'), atMs: last.atMs } : null;
}
