/**
 * Tasks from a Markdown checklist: an unindented `- [ ]` is a task, the list below it its acceptance criteria, and text
 * below it its context. Groups at the end of its line say the rest: `(after: cart)`, `{owns: src/a, docs/*.md; priority: 2}`.
 */
import type { Backlog, BacklogProblem, TaskDraft } from './backlog.ts';
import { readDraft } from './backlog.ts';
import { inertLine } from '../core/inert.ts';
import { type Line, readLines } from './markdown.ts';
import { nearest } from '../core/nearest.ts';
import { quote } from './quote.ts';
import type { YamlPath, YamlPlace, YamlValue } from './yaml.ts';

const TASK = /^( *)[-*+] +\[([ xX])\] +(.*)$/;
const ITEM = /^( *)(?:[-*+]|[0-9]{1,9}[.)])[ \t]+(?:\[[ xX]\][ \t]+)?(.*)$/;
/** `owns: src/a`, or `- after: cart`. */
const KEY_LINE = /^ *(?:[-*+] +)?(?:\*\*|`)?([A-Za-z]{2,20})(?:\*\*|`)?: *(?:\*\*)?(\S.*)$/;
const SAID_MAX = 100;
const LISTS: ReadonlySet<string> = new Set(['after', 'owns', 'forbids', 'supersedes']);
const KEYS: readonly string[] = [...LISTS, 'id', 'key', 'priority', 'area', 'gate', 'agent', 'testPolicy'];

/** With all its groups. */
const TITLE_MAX = 10_000;

interface Entry {
  readonly line: Line;
  readonly isDone: boolean;
  readonly title: string;
  readonly column: number;
  readonly content: Line[];
}

export function readChecklist(text: string, file: string): Backlog {
  const { entries, notes } = split(readLines(text, 1), file);
  const drafts: TaskDraft[] = [];
  const problems: BacklogProblem[] = [];
  for (const entry of entries) {
    if (entry.isDone) {
      notes.push(`${file}:${entry.line.number}:1: ${quote(entry.title)} is ticked off, and was left out`);
      continue;
    }
    const { data, placeOf, unknown, below } = dataOf(entry);
    for (const { line, said } of below) {
      notes.push(
        `${file}:${line}:1: this is text of the task, and says nothing to Yardmaster; at the end of the line of the task it does: {${said}}`,
      );
    }
    for (const { key, column } of unknown) {
      const near = nearest(key, KEYS);
      problems.push({
        place: { file, line: entry.line.number, column },
        message: `unknown key ${quote(key)}`,
        hint: near === null ? `Known are: ${KEYS.join(', ')}.` : `Did you mean ${near}?`,
      });
    }
    const read = readDraft(data, file, [], placeOf);
    if (read.draft !== null) drafts.push(read.draft);
    problems.push(...read.problems);
    notes.push(...read.notes);
  }
  return { drafts, problems, notes };
}

/** The tasks with what stands below them. What belongs to none is noted. */
function split(lines: readonly Line[], file: string): { entries: Entry[]; notes: string[] } {
  const entries: Entry[] = [];
  const notes: string[] = [];
  let current: Entry | null = null;
  let margin: number | null = null;
  let strayFrom: number | null = null;
  let isFenced = false;
  for (const line of lines) {
    const match = line.isFenced ? null : TASK.exec(line.text);
    const indent = match?.[1]?.length ?? 0;
    const isTask = match !== null && indent <= (margin ?? indent) + 1;
    const isBelow: boolean = line.isFenced ? isFenced : /^\s/.test(line.text) || line.text === '';
    isFenced = isBelow && current !== null;
    if (isTask) {
      margin ??= indent;
      const title = match[3] ?? '';
      current = { line, isDone: match[2] !== ' ', title, column: line.text.length - title.length + 1, content: [] };
      entries.push(current);
      isFenced = true;
    } else if (isBelow && line.heading === null) current?.content.push(line);
    else current = null;
    const isStray = current === null && line.heading === null && line.text.trim() !== '';
    if (isStray && strayFrom === null)
      notes.push(`${file}:${line.number}:1: this belongs to no task, and was left out`);
    strayFrom = isStray ? (strayFrom ?? line.number) : null;
  }
  return { entries, notes };
}

function dataOf(entry: Entry): {
  data: YamlValue;
  placeOf: (path: YamlPath) => YamlPlace;
  unknown: readonly { readonly key: string; readonly column: number }[];
  below: readonly Below[];
} {
  const { number } = entry.line;
  const groups = groupsOf(entry.title);
  const { acceptance, context } = contentOf(entry.content);
  const data: Record<string, YamlValue> = {
    title: groups.title.replace(/^\*\*(.*)\*\*$/, '$1'),
    acceptance: acceptance.map(({ text }) => text),
    context,
  };
  const columns = new Map<string, number>();
  const unknown: { key: string; column: number }[] = [];
  for (const { key, value, at } of groups.parts) {
    const name = KEYS.find((known) => known.toLowerCase() === key.toLowerCase().replace('-', ''));
    if (name === undefined) {
      unknown.push({ key, column: entry.column + at });
      continue;
    }
    columns.set(name, entry.column + at);
    const before = data[name];
    if (LISTS.has(name)) data[name] = [...(Array.isArray(before) ? (before as string[]) : []), ...listOf(value)];
    else data[name] = name === 'priority' && /^-?[0-9]+$/.test(value) ? Number(value) : value.replace(/^`(.*)`$/, '$1');
  }
  const placeOf = ([key, index]: YamlPath): YamlPlace => {
    const item = key === 'acceptance' && typeof index === 'number' ? acceptance[index] : undefined;
    if (item !== undefined) return { line: item.line, column: 1 };
    return { line: number, column: columns.get(String(key)) ?? entry.column };
  };
  return { data, placeOf, unknown, below: keysBelow(entry.content) };
}

/** A line below a task that looks as if it set a key. */
interface Below {
  readonly line: number;
  readonly said: string;
}

function keysBelow(lines: readonly Line[]): Below[] {
  return lines.flatMap(({ text, number, isFenced }) => {
    const said = isFenced ? null : KEY_LINE.exec(text);
    if (said === null) return [];
    const [, key = '', value = ''] = said;
    const known = KEYS.find((each) => each.toLowerCase() === key.toLowerCase());
    return known === undefined ? [] : [{ line: number, said: `${known}: ${inertLine(value.trim(), SAID_MAX)}` }];
  });
}

interface Part {
  readonly key: string;
  readonly value: string;
  /** Where its group begins in the title. */
  readonly at: number;
}

/** Takes the groups off the end of a title. Parentheses whose first word is no key are part of the title. */
function groupsOf(text: string): { title: string; parts: readonly Part[] } {
  const parts: Part[] = [];
  let title = text.trimEnd();
  // It is refused as a title, whatever it says.
  if (title.length > TITLE_MAX) return { title, parts };
  for (;;) {
    const at = openingOf(title);
    if (at === null) return { title: title.trim(), parts };
    const inner = title.slice(at + 1, -1);
    const found = splitOutside(inner, ';').map((part): Part => {
      const [, key = part.trim(), value = ''] = /^\s*([A-Za-z-]+)\s*:\s*(.*?)\s*$/s.exec(part) ?? [];
      return { key, value, at };
    });
    const isKnown = found.every(({ key }) => KEYS.some((known) => known.toLowerCase() === key.toLowerCase()));
    if (title[at] === '(' && !isKnown) return { title: title.trim(), parts };
    parts.unshift(...found);
    title = title.slice(0, at).trimEnd();
  }
}

/** Where the group begins that ends the title; null where none does. It stands after a space. */
function openingOf(title: string): number | null {
  const close = title.at(-1);
  const open = close === ')' ? '(' : close === '}' ? '{' : null;
  if (open === null) return null;
  let depth = 0;
  for (let at = title.length - 1; at > 0; at -= 1) {
    if (title[at] === close) depth += 1;
    if (title[at] === open) depth -= 1;
    if (depth === 0) return /\s/.test(title[at - 1] ?? '') ? at : null;
  }
  return null;
}

function listOf(value: string): string[] {
  return splitOutside(value, ',')
    .map((entry) => entry.trim().replace(/^`(.*)`$/, '$1'))
    .filter((entry) => entry !== '');
}

/** Splits where no brace is open: `src/{a,b}` is one entry. */
function splitOutside(text: string, separator: string): string[] {
  const parts = [''];
  let depth = 0;
  for (const character of text) {
    if (character === '{') depth += 1;
    if (character === '}') depth -= 1;
    if (character === separator && depth === 0) parts.push('');
    else parts[parts.length - 1] += character;
  }
  return parts;
}

interface Criterion {
  text: string;
  readonly line: number;
  readonly indent: number;
}

/** Lists are criteria, with all that is indented below an item; other text is context. */
function contentOf(lines: readonly Line[]): { acceptance: readonly Criterion[]; context: string } {
  const margin = lines.reduce(
    (least, { text }) => (text.trim() === '' ? least : Math.min(least, text.search(/\S/))),
    99,
  );
  const acceptance: Criterion[] = [];
  const context: string[] = [];
  let isInItem = false;
  let itemMargin: number | null = null;
  for (const { text, number, isFenced } of lines) {
    const match = isFenced ? null : ITEM.exec(text);
    const indent = text.search(/\S/);
    if (match !== null && indent <= (itemMargin ?? indent) + 1) {
      itemMargin ??= indent;
      acceptance.push({ text: match[2] ?? '', line: number, indent });
      isInItem = true;
    } else if (isInItem && (indent === -1 || isFenced || indent > (itemMargin ?? 0))) {
      const last = acceptance.at(-1);
      if (last !== undefined) last.text += `\n${text.slice(Math.min(last.indent + 2, Math.max(indent, 0)))}`;
    } else {
      isInItem = false;
      context.push(text.slice(Math.min(margin, Math.max(indent, 0))));
    }
  }
  return {
    acceptance: acceptance.map((item) => ({ ...item, text: item.text.trim() })),
    context: context.join('\n').trim(),
  };
}
