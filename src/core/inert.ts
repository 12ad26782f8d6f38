/**
 * Foreign text (task bodies, agents, logs, paths) made safe to show. Invariants of what comes out:
 * 1. No control character but `\n` and `\t`, so nothing that a terminal obeys.
 * 2. Nothing invisible that reorders text or carries text of its own: such characters are spelled out as `<U+202E>`.
 * 3. Well-formed Unicode. Making it inert a second time changes nothing.
 */

/**
 * What a terminal takes for one instruction: CSI (colours, cursor), a string (OSC titles and links, DCS, APC) with its
 * end, or another escape of two or three characters. A string never spans a control character, which keeps the match
 * linear and an unfinished one from swallowing what follows.
 */
const TERMINAL_SEQUENCE = new RegExp(
  [
    '(?:\\u001b\\[|\\u009b)[0-?]*[ -/]*[@-~]',
    '(?:\\u001b[\\]PX^_]|[\\u0090\\u0098\\u009d-\\u009f])\\P{Cc}*(?:\\u0007|\\u001b\\\\|\\u009c)',
    '\\u001b[ -/][0-~]',
    '\\u001b[0-~]',
  ].join('|'),
  'gu',
);
const OTHER_CONTROL = /(?![\n\t])\p{Cc}/gu;

/** Bidi controls, line separators, zero-width characters that no script needs, interlinear marks, tags. */
const INVISIBLE = new RegExp(
  '[\\u00ad\\u061c\\u180e\\u200b\\u200e\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff\\ufff9-\\ufffb' +
    '\\u{e0000}-\\u{e007f}\\u{e0100}-\\u{e01ef}]',
  'gu',
);

/** Most texts hold nothing that would have to go. */
const PLAIN = /^[\n\t -~]*$/;
const PLAIN_LINE = /^(?:[!-~]+(?: [!-~]+)*)?$/;

/** The text without terminal escapes and control characters; line ends of all kinds become `\n`. */
export function inert(text: string): string {
  if (PLAIN.test(text)) return text;
  return text
    .replace(TERMINAL_SEQUENCE, '')
    .replace(/\r\n?/g, '\n')
    .replace(OTHER_CONTROL, '')
    .toWellFormed()
    .replace(
      INVISIBLE,
      (character) => `<U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}>`,
    );
}

/** What colours the text that follows it, and nothing else. */
const COLOUR = new RegExp(['(\\u001b', '\\[[0-9;]*m)'].join(''), 'u');

/** As {@link inert}, but for colours: for text that was put together of foreign parts and of our own. */
export function inertStyled(text: string): string {
  if (PLAIN.test(text)) return text;
  // Every other part is a colour.
  return text
    .split(COLOUR)
    .map((part, index) => (index % 2 === 0 ? inert(part) : part))
    .join('');
}

/** As {@link inert}, on one line, with runs of white space as one space; at most `max` characters, `…` included. */
export function inertLine(text: string, max: number): string {
  const line = PLAIN_LINE.test(text) ? text : inert(text).replace(/\s+/g, ' ').trim();
  if (line.length <= max) return line;
  if (max < 1) return '';
  // Half a character (the first of a surrogate pair) goes too.
  return `${line.slice(0, max - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}
