/**
 * Changes to the sections of a task file, in place. Invariants:
 * 1. Only lines of the section's own text are touched, and those of the title's heading.
 * 2. What cannot be changed so is left (`null`): nothing is guessed.
 */
import { formatItems } from './list-items.ts';
import { escapeLines, type Line, readLines } from './markdown.ts';
import { type KnownSection, knownSection } from './task-sections.ts';

const HEADINGS: Readonly<Record<KnownSection, string>> = {
  objective: 'Objective',
  acceptance: 'Acceptance criteria',
  context: 'Context',
};

/** The body with another text of a section, which is added at the end where there is none. */
export function replaceSection(body: string, known: KnownSection, text: string): string | null {
  return withSection(body, known, text, (lines, span) => replaced(lines, span, text));
}

/** The body with items behind those that the section has. */
export function appendItems(body: string, items: readonly string[]): string | null {
  const text = formatItems(items);
  return withSection(body, 'acceptance', text, (lines, span) => {
    if (span.first > span.last) return replaced(lines, span, text);
    return [...lines.slice(0, span.last + 1), ...text.split('\n'), ...lines.slice(span.last + 1)];
  });
}

/** The body with another level-one heading that stands for the title. */
export function replaceTitle(body: string, before: string, title: string): string {
  const lines = body.split('\n');
  const found = readLines(body, 0).find(({ heading }) => heading?.level === 1);
  if (found === undefined || !(lines[found.number] ?? '').includes(before)) return body;
  const line = lines[found.number] ?? '';
  const at = line.lastIndexOf(before);
  lines[found.number] = line.slice(0, at) + title + line.slice(at + before.length);
  return lines.join('\n');
}

/** Line numbers, from 0; `first` above `last` where there is no text. */
interface Span {
  readonly first: number;
  readonly last: number;
}

function withSection(
  body: string,
  known: KnownSection,
  text: string,
  change: (lines: readonly string[], span: Span) => readonly string[],
): string | null {
  const isCrlf = body.includes('\r\n');
  const plain = isCrlf ? body.replaceAll('\r\n', '\n') : body;
  // A file that mixes them would not come back as it was.
  if (isCrlf && plain.replaceAll('\n', '\r\n') !== body) return null;
  const lines = plain.split('\n');
  const spans = spansOf(readLines(plain, 0), known);
  const [span] = spans;
  if (spans.length > 1) return null;
  const result = span === undefined ? [...appended(lines, known, text)] : change(lines, span);
  const joined = result.join('\n');
  return isCrlf ? joined.replaceAll('\n', '\r\n') : joined;
}

function replaced(lines: readonly string[], { first, last }: Span, text: string): readonly string[] {
  const wanted = text === '' ? [] : text.split('\n');
  if (first <= last) return [...lines.slice(0, first), ...wanted, ...lines.slice(last + 1)];
  return [...lines.slice(0, first), '', ...wanted, ...lines.slice(first)];
}

function appended(lines: readonly string[], known: KnownSection, text: string): readonly string[] {
  if (text === '') return lines;
  const whole = lines.at(-1) === '' ? lines : [...lines, ''];
  return [...whole, `## ${HEADINGS[known]}`, '', ...text.split('\n'), ''];
}

/** The lines of text of each section of that name; for the objective, those in front of all sections if it has none. */
function spansOf(lines: readonly Line[], known: KnownSection): Span[] {
  const spans: Span[] = [];
  let level = 0;
  let start: number | null = null;
  let title: number | null = null;
  let preambleEnd = lines.length;
  const end = (before: number): void => {
    if (start !== null) spans.push(textSpan(lines, start, before));
    start = null;
  };
  for (const { number, heading } of lines) {
    if (heading === null) continue;
    const name = knownSection(heading.text);
    if (name === null && level > 0 && heading.level > level) continue;
    if (name === null && heading.level === 1 && title === null && level === 0) {
      title = number;
      continue;
    }
    if (level === 0) preambleEnd = number;
    end(number);
    level = heading.level;
    if (name === known) start = number + 1;
  }
  end(lines.length);
  if (known !== 'objective' || spans.length > 0) return spans;
  return [textSpan(lines, title === null ? 0 : title + 1, preambleEnd)];
}

function textSpan(lines: readonly Line[], from: number, to: number): Span {
  const isText = ({ text }: Line): boolean => text.trim() !== '';
  const part = lines.slice(from, to);
  const first = part.findIndex(isText);
  return first === -1
    ? { first: from, last: from - 1 }
    : { first: from + first, last: from + part.findLastIndex(isText) };
}

/** What stands in a section for a text. */
export function sectionText(known: KnownSection, text: string | readonly string[]): string {
  return known === 'acceptance' ? formatItems(text as readonly string[]) : escapeLines(text as string);
}
