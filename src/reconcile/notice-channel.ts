import type { Config } from '../config/schema.ts';
import type { Notice } from '../core/notice.ts';
import { desktopChannel } from './notice-desktop.ts';
import { webhookChannel } from './notice-webhook.ts';

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
  /** Never throws for what the outside does; ends within seconds. */
  send(notice: Notice): Promise<Sent>;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Those that the configuration asks for, whether they work or not. */
export function noticeChannels({ webhook, desktop }: Config['notify'], environment: Environment): NoticeChannel[] {
  return [
    ...(webhook === null ? [] : [webhookChannel(webhook, environment)]),
    ...(desktop ? [desktopChannel(environment)] : []),
  ];
}

export function cursorOf({ name }: Pick<NoticeChannel, 'name'>): string {
  return `notify:${name}`;
}
