import type { Notice } from '../core/notice.ts';

/** What became of a message. `why` names no address: it is a secret. */
export type Sent =
  | { readonly kind: 'ok' }
  /** `retryAfterMs`: the receiver wants to be left alone for so long. */
  | { readonly kind: 'failed'; readonly why: string; readonly retryAfterMs?: number };

/** A way to reach people. */
export interface NoticeChannel {
  /** Also the name of its cursor, after `notify:`. */
  readonly name: 'webhook' | 'desktop';
  /** Where it goes, as far as it may be said. */
  readonly where: string;
  /** Why nothing can be sent by it, as far as is known without trying. */
  readonly problem: string | null;
  /** Never throws for what the outside does; ends within seconds. */
  send(notice: Notice): Promise<Sent>;
}

/** One by which nothing can be sent. */
export function brokenChannel(name: NoticeChannel['name'], why: string): NoticeChannel {
  return { name, where: why, problem: why, send: () => Promise.resolve({ kind: 'failed', why }) };
}
