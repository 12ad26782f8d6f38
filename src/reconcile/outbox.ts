import type { Clock } from '../core/clock.ts';
import { needOfTask, needsOfPools, needsOfYard } from '../core/need.ts';
import { makeNotice, noticeItem } from '../core/notice.ts';
import type { NoticeItem, NoticeKind } from '../core/notice.ts';
import { addPending, isPending, NOTHING_PENDING, NOTICE_TYPES } from '../core/notice-pending.ts';
import type { Pending } from '../core/notice-pending.ts';
import type { Store } from '../store/store.ts';
import { cursorOf } from './notice-channels.ts';
import type { NoticeChannel, Sent } from './notice-channel.ts';

/*
 * What one channel still has to tell. Invariants:
 * 1. The cursor moves only over events that were told, or that nobody has to be told of: a process that is killed loses
 *    none. One that is killed between the receiver's answer and the write tells of them once more.
 * 2. What is told is what still waits: a question that was answered meanwhile is not.
 * 3. A channel that fails is told of once, by an event, and once when it works again; what it could not tell is kept.
 */

export interface OutboxOptions {
  readonly store: Store;
  readonly channel: NoticeChannel;
  readonly clock: Clock;
  readonly repository: string;
  readonly redact: (text: string) => string;
  /** The channel's cursor. */
  readonly seq: number;
  /** The last that was told of it is that it fails. */
  readonly isFailing: boolean;
}

export interface TellingRules {
  readonly on: readonly NoticeKind[];
  readonly windowMs: number;
  /** Failures in a row after which nothing starts. */
  readonly failuresLimit: number;
}

/** After so many events of which none has to be told the cursor is written, so that a next run need not read them again. */
const QUIET_MAX = 1_000;
const BACKOFF_MS = [5_000, 20_000, 60_000, 300_000, 900_000];

export class Outbox {
  readonly channel: NoticeChannel;
  readonly #options: OutboxOptions;
  /** As it stands in the store. */
  #cursor: number;
  /** Up to where events were looked at. */
  #seen: number;
  #pending: Pending = NOTHING_PENDING;
  #pendingSinceMs = 0;
  #failures = 0;
  #retryAtMs = 0;
  #isFailing: boolean;

  constructor(options: OutboxOptions) {
    this.channel = options.channel;
    this.#options = options;
    this.#cursor = options.seq;
    this.#seen = options.seq;
    this.#isFailing = options.isFailing;
  }

  /**
   * Looks for what is new, and sends what is due. One call at a time.
   *
   * @param isLast send what there is, however new, and try once more where that failed
   */
  async look(rules: TellingRules, isLast = false): Promise<void> {
    await this.#read();
    if (!isPending(this.#pending)) {
      if (this.#seen - this.#cursor >= QUIET_MAX) await this.#moveTo(this.#seen);
      return;
    }
    const nowMs = this.#options.clock.monotonicMs();
    if (!isLast && (nowMs < this.#pendingSinceMs + rules.windowMs || nowMs < this.#retryAtMs)) return;
    const sent = await this.#tell(rules);
    if (isLast && sent.kind === 'failed') await this.#tell(rules);
  }

  async #read(): Promise<void> {
    const { store, clock } = this.#options;
    const [last] = await store.events({ newest: true, limit: 1 });
    const untilSeq = last?.seq ?? 0;
    if (untilSeq <= this.#seen) return;
    const events = await store.events({ sinceSeq: this.#seen, untilSeq, types: NOTICE_TYPES });
    const wasPending = isPending(this.#pending);
    this.#pending = addPending(this.#pending, events);
    this.#seen = untilSeq;
    if (!wasPending) this.#pendingSinceMs = clock.monotonicMs();
  }

  async #tell(rules: TellingRules): Promise<Sent> {
    const { channel, repository } = this.#options;
    const items = (await this.#items(rules)).filter(({ kind }) => rules.on.includes(kind));
    const upTo = this.#seen;
    const notice = makeNotice(items, repository, this.#pending.lastSeq);
    const sent: Sent = items.length === 0 ? { kind: 'ok' } : await channel.send(notice);
    if (sent.kind === 'failed') {
      await this.#failed(sent);
      return sent;
    }
    this.#pending = NOTHING_PENDING;
    this.#failures = 0;
    this.#retryAtMs = 0;
    await this.#moveTo(upTo);
    if (items.length > 0) await this.#works();
    return sent;
  }

  async #items({ failuresLimit }: TellingRules): Promise<NoticeItem[]> {
    const { store, redact } = this.#options;
    const { taskIds, stopped, breaker, pools, ended } = this.#pending;
    const control = await store.control();
    const rows = await store.rows(['blocked', 'parked']);
    const ofYard = needsOfYard(control, failuresLimit).filter(
      ({ kind }) => (kind === 'stopped' && stopped) || (kind === 'breaker' && breaker),
    );
    const ofTasks = rows.filter(({ id }) => taskIds.has(id)).map(needOfTask);
    const held = pools.size === 0 ? [] : (await store.spending()).pools.filter(({ name }) => pools.has(name));
    const items = [...ofYard, ...needsOfPools(held), ...ofTasks.filter((need) => need !== null)].map(noticeItem);
    return [...(ended === null ? [] : [ended]), ...items.filter((item) => item !== null)].map((item) => {
      return { ...item, title: redact(item.title), text: redact(item.text) };
    });
  }

  async #failed({ why, retryAfterMs = 0 }: Sent & { kind: 'failed' }): Promise<void> {
    const { store, channel, clock, redact } = this.#options;
    const waitMs = BACKOFF_MS[Math.min(this.#failures, BACKOFF_MS.length - 1)] ?? 0;
    this.#failures += 1;
    this.#retryAtMs = clock.monotonicMs() + Math.max(waitMs, retryAfterMs);
    if (this.#isFailing) return;
    this.#isFailing = true;
    await store.note('notify.failed', { channel: channel.name, why: redact(why) });
  }

  async #works(): Promise<void> {
    if (!this.#isFailing) return;
    this.#isFailing = false;
    await this.#options.store.note('notify.mended', { channel: this.channel.name });
  }

  async #moveTo(seq: number): Promise<void> {
    if (seq <= this.#cursor) return;
    await this.#options.store.setCursor(cursorOf(this.channel), seq);
    this.#cursor = seq;
  }
}
