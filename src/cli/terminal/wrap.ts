import { columnsOf, fitting } from './columns.ts';

const HANGING = 2;

/** The text in lines of at most `width` columns, broken between words; a longer word is broken where it must be. */
export function wrapText(text: string, width: number): string[] {
  return wrap(text, width, width, 'break');
}

/**
 * A line for a terminal of this width: what goes on below is indented by two more than it is. A longer word (a path, a
 * hash) is left to the terminal, so that it can be copied whole.
 */
export function wrapLine(line: string, width: number): string[] {
  if (columnsOf(line) <= width) return [line];
  const start = line.length - line.trimStart().length;
  const indent = start + HANGING < width / 2 ? start + HANGING : 0;
  const [first = '', ...rest] = wrap(line.slice(start), width - start, width - indent, 'keep');
  return [line.slice(0, start) + first, ...rest.map((part) => ' '.repeat(indent) + part)];
}

function wrap(text: string, width: number, restWidth: number, longWord: 'break' | 'keep'): string[] {
  const lines: string[] = [];
  let rest = text;
  let room = width;
  while (columnsOf(rest) > room) {
    const at = breakAt(rest, room, longWord);
    if (at >= rest.length) break;
    lines.push(rest.slice(0, at).trimEnd());
    rest = rest.slice(at).trimStart();
    room = restWidth;
  }
  return [...lines, rest];
}

function breakAt(text: string, width: number, longWord: 'break' | 'keep'): number {
  const most = fitting(text, width);
  const space = text.lastIndexOf(' ', most);
  if (space > 0) return space;
  if (longWord === 'break') return Math.max(most, String.fromCodePoint(text.codePointAt(0) ?? 0).length);
  const next = text.indexOf(' ', most);
  return next === -1 ? text.length : next;
}
