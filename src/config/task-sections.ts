import type { ExtraSection } from '../core/task.ts';
import { readItems } from './list-items.ts';
import { type Line, readLines, trimText } from './markdown.ts';

export interface TaskSections {
  /** The first level-one heading before any section; null when there is none. */
  readonly title: string | null;
  readonly objective: string;
  readonly acceptance: readonly string[];
  readonly context: string;
  readonly extra: readonly ExtraSection[];
}

export type KnownSection = 'objective' | 'acceptance' | 'context';

interface Section {
  readonly known: KnownSection | null;
  readonly heading: string;
  readonly level: number;
  readonly lines: Line[];
}

/** Heading under which text before the first section is kept when there is an objective besides it. */
const INTRODUCTION = 'Introduction';

/** Reads the body of a task file. A heading of no known name below another one belongs to the text of that one. */
export function readSections(body: string, firstLine: number): TaskSections {
  const preamble: Section = { known: null, heading: INTRODUCTION, level: 0, lines: [] };
  const sections: Section[] = [];
  let title: string | null = null;
  let current = preamble;
  for (const line of readLines(body, firstLine)) {
    const { heading } = line;
    const known = heading === null ? null : knownSection(heading.text);
    if (heading === null || (known === null && current.level > 0 && heading.level > current.level)) {
      current.lines.push(line);
    } else if (known === null && heading.level === 1 && title === null && sections.length === 0) {
      title = heading.text;
    } else {
      current = { known, heading: heading.text, level: heading.level, lines: [] };
      sections.push(current);
    }
  }
  const has = (known: KnownSection): boolean => sections.some((section) => section.known === known);
  const introduction = textOf([preamble]);
  const extra = sections
    .filter(({ known }) => known === null)
    .map((section): ExtraSection => ({ heading: section.heading, text: textOf([section]) }));
  if (has('objective') && introduction !== '') extra.unshift({ heading: INTRODUCTION, text: introduction });
  const named = (known: KnownSection): Section[] => sections.filter((section) => section.known === known);
  return {
    title,
    objective: has('objective') ? textOf(named('objective')) : introduction,
    acceptance: named('acceptance').flatMap(({ lines }) => readItems(lines)),
    context: textOf(named('context')),
    extra,
  };
}

/** Which of the sections that Yardmaster knows the heading names. */
export function knownSection(heading: string): KnownSection | null {
  switch (heading.replace(/\s*:$/, '').replace(/\s+/g, ' ').toLowerCase()) {
    case 'objective':
      return 'objective';
    case 'acceptance criteria':
    case 'acceptance':
      return 'acceptance';
    case 'context':
      return 'context';
    default:
      return null;
  }
}

function textOf(sections: readonly Section[]): string {
  return trimText(sections.map(({ lines }) => lines.map(({ text }) => text).join('\n')).join('\n\n'));
}
