import type { Config } from '../config/schema.ts';
import type { NoticeChannel } from './notice-channel.ts';
import { desktopChannel } from './notice-desktop.ts';
import { webhookChannel } from './notice-webhook.ts';

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
