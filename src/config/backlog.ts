import type { ExtraSection, TaskSpec } from '../core/task.ts';
import { formatPlace, isUserError, type Place, UserError } from '../core/user-error.ts';
import { nearest } from '../core/nearest.ts';
import { quote } from './quote.ts';
import { TaskFields } from './task-fields.ts';
import { knownSection } from './task-sections.ts';
import type { YamlPath, YamlPlace, YamlValue } from './yaml.ts';

/** A task as somebody wrote it, before it has an id. */
export interface TaskDraft {
  readonly place: Place;
  /** Its name among the drafts, by which others refer to it; no other place knows it. */
  readonly key: string | null;
  /** Null: the next free one. */
  readonly id: string | null;
  /** `after` and `supersedes` hold ids and keys. */
  readonly spec: Omit<TaskSpec, 'id'>;
  /** False where something of it could not be read, and is missing or empty. */
  readonly isSound: boolean;
}

export interface BacklogProblem {
  readonly place: Place;
  readonly message: string;
  readonly hint: string;
}

/** Many tasks from one place. With problems, nothing of it counts. */
export interface Backlog {
  readonly drafts: readonly TaskDraft[];
  readonly problems: readonly BacklogProblem[];
  /** Keys that are probably slips of known ones: where something else is wrong, they are why. */
  readonly slips?: readonly BacklogProblem[];
  /** What is no task any more, or could not be taken over: a sentence each, with its place. */
  readonly notes: readonly string[];
}

/** More is no list that a person has written, and no yard runs it in a night. */
export const TASKS_MAX = 10_000;

const KEYS: readonly string[] = [
  'id',
  'key',
  'title',
  'objective',
  'acceptance',
  'context',
  'area',
  'after',
  'owns',
  'forbids',
  'gate',
  'agent',
  'priority',
  'supersedes',
  'testPolicy',
  'extra',
];
/** What `yard add --json` prints besides. */
const IGNORED: ReadonlySet<string> = new Set(['path']);
/** A list that went wrong as a whole says no more by its thousandth line. */
const LISTED_MAX = 1_000;
/** Of a word, this much says which one is meant. */
const BEGINNING_MIN = 4;
const TEXT_MAX = 200_000;
const TEXTS_MAX = 200;
const UNKNOWN_MAX = 100;

/** Collects what is wrong, instead of stopping at the first. */
export class Problems {
  readonly all: BacklogProblem[] = [];

  add(place: Place, message: string, hint: string): void {
    this.all.push({ place, message, hint });
  }

  /** What `read` gives; `otherwise` where it throws a UserError, which is kept. */
  try<T>(place: Place, otherwise: T, read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (!isUserError(error)) throw error;
      const at = error.place ?? place;
      this.add(at, withoutPlace(error), error.hint ?? 'Correct it there.');
      return otherwise;
    }
  }
}

/** The message without the place that it starts with. */
function withoutPlace({ message, place }: UserError): string {
  const start = place === undefined ? '' : `${formatPlace(place)}: `;
  return message.startsWith(start) ? message.slice(start.length) : message;
}

/** Reads one entry of a JSON or YAML list. `root` is where it stands. */
export function readDraft(
  entry: YamlValue,
  file: string,
  root: YamlPath,
  placeOf: (path: YamlPath) => YamlPlace | null,
): {
  draft: TaskDraft | null;
  problems: readonly BacklogProblem[];
  notes: readonly string[];
  slips: readonly BacklogProblem[];
} {
  const problems = new Problems();
  const place: Place = { file, ...(placeOf(root) ?? { line: 1, column: 1 }) };
  if (entry === null || typeof entry !== 'object' || Array.isArray(entry)) {
    problems.add(place, 'a task must be a map of keys', 'Write {"title": "…", "acceptance": ["…"]}.');
    return { draft: null, problems: problems.all, notes: [], slips: [] };
  }
  const data = entry as { readonly [key: string]: YamlValue };
  const fields = new TaskFields(file, data, (path) => placeOf([...root, ...path]) ?? placeOf(root));
  const line = (key: string): string | null => problems.try(place, null, () => fields.line(key));
  const lines = (key: string): string[] =>
    problems.try<string[]>(place, [], () => fields.lines(key).map(({ text }) => text));
  const text = (key: string): string => problems.try(place, '', () => readText(fields, key, fields.raw(key), [key]));
  const unknown = fields.keys.filter((key) => !KEYS.includes(key) && !IGNORED.has(key));
  if (unknown.length > UNKNOWN_MAX) {
    problems.add(place, `the task has ${unknown.length} keys that are not known`, `Known are: ${KEYS.join(', ')}.`);
    return { draft: null, problems: problems.all, notes: [], slips: [] };
  }
  const title = line('title') ?? '';
  if (title === '' && problems.all.length === 0) {
    problems.add(place, 'the task has no title', 'Write title: what is to be done, in a line.');
  }
  const spec: Omit<TaskSpec, 'id'> = {
    title,
    objective: text('objective') || title,
    acceptance: problems.try<string[]>(place, [], () => readTexts(fields, 'acceptance')),
    context: text('context'),
    area: line('area'),
    owns: lines('owns'),
    forbids: lines('forbids'),
    after: lines('after'),
    gate: line('gate'),
    agent: problems.try(place, null, () => fields.chain('agent')),
    priority: problems.try(place, 0, () => fields.integer('priority', 0)),
    supersedes: lines('supersedes'),
    testPolicy: line('testPolicy'),
    extra: [
      ...problems.try<ExtraSection[]>(place, [], () => readExtra(fields)),
      ...unknown.map((key) => ({ heading: headingOf(key), text: asText(fields.raw(key)) })),
    ],
  };
  const name = line('key');
  const id = line('id');
  return {
    draft: { place, key: name, id, spec, isSound: problems.all.length === 0 },
    problems: problems.all,
    notes: unknown.map((key) => unknownKey(fields, key)),
    slips: unknown.flatMap((key) => slipOf(fields, key)),
  };
}

function readTexts(fields: TaskFields, key: string): string[] {
  const value = fields.raw(key);
  if (value === null || value === '') return [];
  if (!Array.isArray(value)) return [readText(fields, key, value, [key])];
  if (value.length > TEXTS_MAX) {
    throw fields.error('task-too-long', [key], `${key} has more than ${TEXTS_MAX} entries`, 'Split the task.');
  }
  return (value as readonly YamlValue[])
    .map((entry, index) => readText(fields, key, entry, [key, index]).trim())
    .filter((entry) => entry !== '');
}

/** Text of many lines: line ends and tabs apart, no control characters. */
function readText(fields: TaskFields, key: string, value: YamlValue, path: YamlPath): string {
  if (value === null) return '';
  if (typeof value !== 'string') {
    throw fields.error('task-type', path, `${key} must be text`, `Put it in quotes: "…"`);
  }
  if (value.length > TEXT_MAX) {
    throw fields.error('task-too-long', path, `${key} is longer than ${TEXT_MAX} characters`, 'Link to what is long.');
  }
  const text = value.replaceAll('\r\n', '\n');
  if (/(?![\n\t])\p{Cc}/u.test(text)) {
    throw fields.error('task-control-character', path, `${key} has a control character: ${quote(text)}`, 'Remove it.');
  }
  return text.trim();
}

function readExtra(fields: TaskFields): ExtraSection[] {
  const value = fields.raw('extra');
  if (value === null) return [];
  const sections = Array.isArray(value) ? (value as readonly YamlValue[]) : [null];
  if (sections.length > TEXTS_MAX) {
    throw fields.error('task-too-long', ['extra'], `extra has more than ${TEXTS_MAX} entries`, 'Split the task.');
  }
  return sections.map((section, index) => {
    const { heading = null, text = null } = (section ?? {}) as { readonly [key: string]: YamlValue };
    const known = typeof heading === 'string' ? heading.replace(/\s+/g, ' ').trim() : '';
    if (known === '' || Array.isArray(section)) {
      const hint = 'Write {"heading": "…", "text": "…"}.';
      throw fields.error(
        'task-type',
        ['extra', index],
        'extra must be a list of sections with a heading and a text',
        hint,
      );
    }
    return { heading: headingOf(known), text: readText(fields, 'text', text, ['extra', index]) };
  });
}

/** A heading that stands for itself in a task file. */
export function headingOf(text: string): string {
  const line = text
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .replace(/^[#\s]+|[#\s]+$/g, '')
    .slice(0, 100)
    .trim();
  if (line === '') return 'Other';
  // Under its own name it would become a part of what stands there.
  return knownSection(line) === null ? line : `More: ${line}`;
}

export function asText(value: YamlValue): string {
  return typeof value === 'string' ? value.replaceAll('\r\n', '\n').trim() : JSON.stringify(value, null, 2);
}

function unknownKey(fields: TaskFields, key: string): string {
  const suggestion = meantBy(key);
  const meant = suggestion === null ? '' : ` (did you mean ${suggestion}?)`;
  return `${formatPlace(fields.place([key]))}: unknown key ${quote(key)}${meant}; it is passed on to the agent`;
}

function slipOf(fields: TaskFields, key: string): BacklogProblem[] {
  const meant = meantBy(key);
  if (meant === null) return [];
  const message = `unknown key ${quote(key)}; did you mean ${meant}?`;
  return [{ place: fields.place([key]), message, hint: `Write ${meant}.` }];
}

/** The known key that this one is a slip of, or the beginning of. */
function meantBy(key: string): string | null {
  const start = key.toLowerCase();
  const begun = start.length < BEGINNING_MIN ? undefined : KEYS.find((known) => known.toLowerCase().startsWith(start));
  return begun ?? nearest(key, KEYS);
}

/** All that is wrong, as one error: the first is its message and place, the others stand below it. */
export function backlogError(problems: readonly BacklogProblem[]): UserError {
  const lines = problems.slice(0, LISTED_MAX).map(({ place, message }) => `${formatPlace(place)}: ${message}`);
  const [first = '', ...others] = lines;
  const rest = others.map((line) => `\n  ${line}`).join('');
  const [problem] = problems;
  return new UserError({
    code: 'tasks-invalid',
    message:
      others.length === 0
        ? first
        : `${first}\nand ${problems.length - 1} more:${rest}${problems.length > LISTED_MAX ? '\n  …' : ''}`,
    hint: `${problem?.hint ?? 'Correct it there.'} Nothing was added.`,
    ...(problem && { place: problem.place }),
  });
}
