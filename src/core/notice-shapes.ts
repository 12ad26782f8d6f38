import { impossible } from './impossible.ts';
import { itemLine, moreLine } from './notice.ts';
import type { Notice } from './notice.ts';

/** The forms in which a webhook takes a message. */
export const NOTICE_SHAPES = ['json', 'slack', 'ntfy'] as const;
export type NoticeShape = (typeof NOTICE_SHAPES)[number];

export interface Posting {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Slack takes more, and shows no more at once. */
const SLACK_MAX = 3_500;
/** Beyond 4096 bytes ntfy makes a file of it. */
const NTFY_MAX_BYTES = 3_800;
const DESKTOP_MAX = 400;

export function shapeNotice(notice: Notice, shape: NoticeShape): Posting {
  switch (shape) {
    case 'json':
      return { headers: { 'content-type': 'application/json' }, body: JSON.stringify(jsonOf(notice)) };
    case 'slack':
      return { headers: { 'content-type': 'application/json' }, body: JSON.stringify(slackOf(notice)) };
    case 'ntfy':
      return ntfyOf(notice);
    default:
      throw impossible(shape satisfies never);
  }
}

function jsonOf(notice: Notice): object {
  const { id, repository, title, counts, items, more } = notice;
  const text = lines(notice, (line) => line).join('\n');
  return { version: 1, id, repository, title, text, counts, items, more };
}

/** Mentions, links and emphasis are made by characters that are escaped, so that nobody can be called by a task. */
function slackOf(notice: Notice): object {
  const escape = (text: string): string =>
    text
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll(/[*_~`]/g, "'");
  const said = lines(notice, escape, (command) => `\`${escape(command)}\``);
  return { text: fit([`*${escape(notice.title)}*`, ...said], SLACK_MAX), unfurl_links: false, unfurl_media: false };
}

function ntfyOf(notice: Notice): Posting {
  const isUrgent = Object.keys(notice.counts).some((kind) => kind !== 'parked');
  return {
    headers: {
      'content-type': 'text/plain; charset=utf-8',
      title: encodedWord(notice.title),
      priority: isUrgent ? '4' : '3',
      tags: isUrgent ? 'warning' : 'construction',
    },
    body: fit(
      lines(notice, (line) => line),
      NTFY_MAX_BYTES,
    ),
  };
}

/** Title and text for a desktop, which shows little. */
export function desktopOf(notice: Notice): { readonly title: string; readonly text: string } {
  const said = notice.items.map(itemLine);
  return {
    title: notice.title,
    text: fit(
      [...said, moreLine(notice)].filter((line) => line !== ''),
      DESKTOP_MAX,
    ),
  };
}

function lines(
  notice: Notice,
  escape: (line: string) => string,
  showCommand: (command: string) => string = (command) => `$ ${command}`,
): string[] {
  const said = notice.items.flatMap((item) => [
    escape(itemLine(item)),
    ...item.commands.map((command) => `    ${showCommand(command)}`),
  ]);
  return [...said, escape(moreLine(notice))].filter((line) => line !== '');
}

/** As many whole lines as fit; the first is cut if it must. @param maxBytes of UTF-8. */
function fit(all: readonly string[], maxBytes: number): string {
  const kept: string[] = [];
  let sizeBytes = 0;
  for (const line of all) {
    sizeBytes += byteLength(line) + 1;
    if (sizeBytes > maxBytes - 2) {
      const cut = kept.length === 0 ? [line.slice(0, Math.floor(maxBytes / 4)).toWellFormed()] : kept;
      return `${cut.join('\n')}\n…`.slice(0, maxBytes);
    }
    kept.push(line);
  }
  return kept.join('\n');
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** A header holds ASCII; what is more is written as RFC 2047 has it, which ntfy reads. */
function encodedWord(text: string): string {
  if (/^[ -~]*$/.test(text)) return text;
  const bytes = Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join('');
  return `=?UTF-8?B?${btoa(bytes)}?=`;
}
