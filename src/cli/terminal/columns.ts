/*
 * How much of a terminal's line a text takes. Of characters whose width terminals do not agree on, the wider is taken:
 * a line that is shorter than thought does no harm.
 */

/** Latin, dashes and dots, arrows, lines: most texts hold nothing else, and there may be ten thousand of them. */
const NARROW = /^[ -~\u00a1-\u02ff\u2010-\u2027\u2190-\u21ff\u2500-\u257f]*$/;
/** Drawn over the character before it. */
const COMBINING = /^[\p{Mn}\p{Me}\u200d]$/u;
/** Two columns: the scripts of East Asia with their own forms of Latin, and pictures. */
const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\u4dbf\u4e00-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{16fe0}-\u{1b2ff}\u{1f000}-\u{1faff}\u{20000}-\u{3fffd}\p{Emoji_Presentation}]$/u;
/** A colour takes none. */
const COLOUR = new RegExp(['^\\u001b', '\\[[0-9;]*m'].join(''), 'u');

/** Whether each of its characters takes one column. */
export function isNarrow(text: string): boolean {
  return NARROW.test(text);
}

/** Of a text in one line; its colours do not count. */
export function columnsOf(text: string): number {
  return NARROW.test(text) ? text.length : measure(text, Infinity).columns;
}

/** How many of its UTF-16 units fit into so many columns. */
export function fitting(text: string, columns: number): number {
  return measure(text, columns).length;
}

/** Its beginning in so many columns, `…` included where something was left out. Plain text only. */
export function cutTo(text: string, columns: number): string {
  // No unit of UTF-16 takes more than two.
  if (text.length * 2 <= columns || columnsOf(text) <= columns) return text;
  return `${text.slice(0, fitting(text, columns - 1))}…`;
}

function measure(text: string, most: number): { readonly length: number; readonly columns: number } {
  let length = 0;
  let columns = 0;
  while (length < text.length) {
    const colour = text[length] === '\u001b' ? COLOUR.exec(text.slice(length)) : null;
    if (colour !== null) {
      length += colour[0].length;
      continue;
    }
    const character = String.fromCodePoint(text.codePointAt(length) ?? 0);
    const width = widthOf(character);
    if (columns + width > most) break;
    columns += width;
    length += character.length;
  }
  return { length, columns };
}

function widthOf(character: string): number {
  if (NARROW.test(character)) return 1;
  if (COMBINING.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}
