/**
 * The little Markdown that task files need: sections by heading, fences, list items.
 * 1. A heading is an unindented `#`, `##` or `###` outside a fence.
 * 2. A line that would be a heading or open a fence is written with a backslash before it when it is text; reading takes
 *    one backslash away. So any text can be a section's.
 */

/** A line of the body, with its backslash taken away. */
export interface Line {
  readonly text: string;
  /** Counts from 1, in the file. */
  readonly number: number;
  /** In a fence that was opened on a line above; true for the line that closes it. */
  readonly isFenced: boolean;
  readonly heading: { readonly level: number; readonly text: string } | null;
}

const HEADING = /^(#{1,3})(?=[ \t]|$)/;
const ESCAPED_HEADING = /^\\+#{1,3}(?:[ \t]|$)/;
// A fence may stand in a list item, after its marker.
const LEAD = /^[ \t]*(?:(?:[-*+]|[0-9]{1,9}[.)])[ \t]+)*(?:\[[ xX]\][ \t]+)?/;
const FENCE = /^(`{3,}(?=[^`]*$)|~{3,})/;
const ESCAPED_FENCE = /^\\+(?:`{3,}[^`]*$|~{3,})/;

export function readLines(text: string, firstNumber: number): Line[] {
  let fence: string | null = null;
  return text.split('\n').map((raw, index) => {
    const number = firstNumber + index;
    const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
    if (fence !== null) {
      if (closes(line, fence)) fence = null;
      return { text: line, number, isFenced: true, heading: null };
    }
    fence = fenceOf(line);
    if (fence !== null) return { text: line, number, isFenced: false, heading: null };
    return { text: unescape(line), number, isFenced: false, heading: headingOf(line) };
  });
}

function headingOf(line: string): Line['heading'] {
  const marks = HEADING.exec(line)?.[1];
  if (marks === undefined) return null;
  const words = line
    .slice(marks.length)
    .trim()
    .split(/[ \t]+/);
  if (/^#+$/.test(words.at(-1) ?? '')) words.pop();
  const text = words.join(' ');
  // Without a name nothing could be filed under it.
  return text === '' ? null : { level: marks.length, text };
}

/** The text with backslashes before what would otherwise end its section, or swallow the next one. */
export function escapeLines(text: string): string {
  const lines = text.split('\n');
  const out: string[] = [];
  let fence: string | null = null;
  // What closes nothing here closes nothing further down either.
  const hopeless: string[] = [];
  const isHopeless = (opened: string): boolean => hopeless.some((earlier) => opened.startsWith(earlier));
  for (const [index, line] of lines.entries()) {
    if (fence !== null) {
      if (closes(line, fence)) fence = null;
      out.push(line);
      continue;
    }
    const opened = fenceOf(line);
    // A fence that the text never closes would run on into the next section.
    const isClosed =
      opened !== null && !isHopeless(opened) && lines.slice(index + 1).some((later) => closes(later, opened));
    if (isClosed) fence = opened;
    else if (opened !== null && !isHopeless(opened)) hopeless.push(opened);
    out.push(isClosed ? line : escape(line, opened !== null));
  }
  return out.join('\n');
}

/** Without blank lines before, nor white space after. */
export function trimText(text: string): string {
  return text.replace(/^(?:[ \t]*\n)+/, '').trimEnd();
}

function escape(line: string, isFence: boolean): string {
  if (isFence) return insertBackslash(line);
  if (HEADING.test(line) || ESCAPED_HEADING.test(line)) return `\\${line}`;
  return ESCAPED_FENCE.test(afterLead(line)) ? insertBackslash(line) : line;
}

function unescape(line: string): string {
  if (ESCAPED_HEADING.test(line)) return line.slice(1);
  const rest = afterLead(line);
  return ESCAPED_FENCE.test(rest) ? line.slice(0, line.length - rest.length) + rest.slice(1) : line;
}

function insertBackslash(line: string): string {
  const rest = afterLead(line);
  return `${line.slice(0, line.length - rest.length)}\\${rest}`;
}

function afterLead(line: string): string {
  return line.slice(LEAD.exec(line)?.[0].length ?? 0);
}

function fenceOf(line: string): string | null {
  return FENCE.exec(afterLead(line))?.[1] ?? null;
}

function closes(line: string, fence: string): boolean {
  const text = line.trim();
  return text.length >= fence.length && text === (fence[0] ?? '').repeat(text.length);
}
