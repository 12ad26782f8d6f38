import { basename } from 'node:path';
import { isTaskId, taskIdKey, type ExtraSection, type TaskSpec } from '../core/task.ts';
import { parsePattern } from '../core/scope.ts';
import { formatPlace } from '../core/user-error.ts';
import { quote } from './quote.ts';
import { nearest } from '../core/nearest.ts';
import { findConflict } from './scope-conflict.ts';
import { taskError, TaskFields } from './task-fields.ts';
import { readSections } from './task-sections.ts';
import { readYaml, type YamlValue } from './yaml.ts';

export interface ParsedTask {
  readonly spec: TaskSpec;
  /** Sentences with their places, about keys that are passed on without being understood. */
  readonly warnings: readonly string[];
}

const SIZE_MAX_BYTES = 1024 * 1024;
const KEYS: readonly string[] = [
  'id',
  'title',
  'area',
  'after',
  'owns',
  'forbids',
  'gate',
  'agent',
  'priority',
  'supersedes',
  'testPolicy',
];

/**
 * Reads a task file: front matter and sections. `file` is its path relative to the repository, as messages name it.
 * Throws a UserError (codes `task-…`) with file, line and column for the first thing that is wrong.
 */
export function parseTaskFile(text: string, file: string): ParsedTask {
  if (Buffer.byteLength(text) > SIZE_MAX_BYTES) {
    throw taskError(
      'task-too-large',
      { file },
      'the file is larger than 1 MiB',
      'Shorten it, or link to what is long.',
    );
  }
  const { fields, body, bodyLine } = readFrontMatter(text.replace(/^\uFEFF/, ''), file);
  const id = readId(fields, file);
  const sections = readSections(body, bodyLine);
  const heading = withoutId(sections.title ?? '', id);
  const title = fields.line('title') ?? heading;
  if (title === '') {
    const hint = 'Write title: "…" between the --- lines.';
    throw fields.error('task-no-title', ['title'], `the task ${id} has no title`, hint);
  }
  if (sections.objective === '') {
    const hint = 'Write what is to be done under a heading ## Objective.';
    throw taskError('task-no-objective', { file, line: bodyLine, column: 1 }, `the task ${id} has no objective`, hint);
  }
  const unknown = fields.keys.filter((key) => !KEYS.includes(key));
  const spec: TaskSpec = {
    id,
    title,
    area: fields.line('area'),
    objective: sections.objective,
    acceptance: sections.acceptance,
    context: sections.context,
    ...readScope(fields),
    after: readIds(fields, 'after', id),
    gate: fields.line('gate'),
    agent: fields.chain('agent'),
    priority: fields.integer('priority', 0),
    supersedes: readIds(fields, 'supersedes', id),
    testPolicy: fields.line('testPolicy'),
    extra: [
      ...unknown.map((key): ExtraSection => ({ heading: key, text: asText(fields.raw(key)) })),
      ...(heading === '' || heading === title ? [] : [{ heading, text: '' }]),
      ...sections.extra,
    ],
  };
  return { spec, warnings: unknown.map((key) => unknownKeyWarning(fields, key)) };
}

function readFrontMatter(text: string, file: string): { fields: TaskFields; body: string; bodyLine: number } {
  const parts = splitTaskFile(text);
  if (parts === 'no-start') {
    const hint = 'Start it with --- lines that hold id and title; yard add writes such files.';
    throw taskError(
      'task-front-matter',
      { file, line: 1, column: 1 },
      'the file does not start with front matter',
      hint,
    );
  }
  if (parts === 'no-end') {
    const message = 'the front matter has no end';
    throw taskError('task-front-matter', { file, line: 1, column: 1 }, message, 'Put a line --- after its last key.');
  }
  const { matter, body } = parts;
  const yaml = readYaml(matter, 2);
  if (yaml.kind === 'bad') {
    const [first] = yaml.problems;
    const place = { file, line: first?.line ?? 2, column: first?.column ?? 1 };
    throw taskError('task-yaml', place, first?.message ?? 'this is not YAML', first?.hint ?? 'Correct it there.');
  }
  const data = yaml.data ?? (Object.create(null) as { readonly [key: string]: YamlValue });
  if (typeof data !== 'object' || Array.isArray(data)) {
    const hint = 'Write lines such as id: TASK-0001.';
    throw taskError('task-type', { file, line: 2, column: 1 }, 'the front matter must be a map of keys', hint);
  }
  const map = data as { readonly [key: string]: YamlValue };
  const bodyLine = 3 + matter.split('\n').length - 1;
  return {
    fields: new TaskFields(file, map, yaml.placeOf),
    body,
    bodyLine,
  };
}

/** The parts of a task file, which make the whole text again when put together. */
export interface TaskFileParts {
  /** The opening line. */
  readonly opening: string;
  readonly matter: string;
  /** The line that ends the front matter. */
  readonly closing: string;
  readonly body: string;
}

/** `text` has no byte order mark. */
export function splitTaskFile(text: string): TaskFileParts | 'no-start' | 'no-end' {
  const opening = /^---[ \t]*\r?\n/.exec(text)?.[0];
  if (opening === undefined) return 'no-start';
  const rest = text.slice(opening.length);
  const closing = /^(?:---|\.\.\.)[ \t]*(?:\r?\n|\r?$(?![\s\S]))/m.exec(rest);
  if (closing === null) return 'no-end';
  return {
    opening,
    matter: rest.slice(0, closing.index),
    closing: closing[0],
    body: rest.slice(closing.index + closing[0].length),
  };
}

function readId(fields: TaskFields, file: string): string {
  const hint = 'Ids look like TASK-0001: a word, a dash, a number.';
  const raw = fields.raw('id');
  if (raw === null) throw fields.error('task-id', ['id'], 'the task has no id', hint);
  const id = typeof raw === 'string' ? raw : '';
  if (!isTaskId(id)) {
    const shown = typeof raw === 'string' ? quote(raw) : asText(raw).slice(0, 60);
    throw fields.error('task-id', ['id'], `${shown} is not a task id`, hint);
  }
  const named = idInFileName(file);
  if (named !== null && named !== id) {
    const message = `the id is ${id}, but the name of the file says ${named}`;
    throw fields.error('task-id-file-name', ['id'], message, `Rename the file, or correct the id.`);
  }
  return id;
}

/** The id that `<ID>-<slug>.md` starts with; null for a file that is named otherwise. */
export function idInFileName(file: string): string | null {
  const named = /^([^-]+-[0-9]+)(?:-.*)?\.md$/.exec(basename(file))?.[1] ?? null;
  return named !== null && isTaskId(named) ? named : null;
}

function readIds(fields: TaskFields, key: 'after' | 'supersedes', own: string): string[] {
  return fields.lines(key).map(({ text, path }) => {
    if (!isTaskId(text)) {
      const hint = 'Ids look like TASK-0001: a word, a dash, a number.';
      throw fields.error('task-id', path, `${key} has ${quote(text)}, which is not a task id`, hint);
    }
    if (taskIdKey(text) !== taskIdKey(own)) return text;
    // A cycle of one: that task says so and waits, and every other one goes on.
    if (key === 'after') return own;
    throw fields.error('task-on-itself', path, `${own} supersedes itself`, `Remove ${text} from ${key}.`);
  });
}

function readScope(fields: TaskFields): { owns: string[]; forbids: string[] } {
  const owns = fields.lines('owns');
  const forbids = fields.lines('forbids');
  for (const [key, entries] of [['owns', owns] as const, ['forbids', forbids] as const]) {
    for (const { text, path } of entries) {
      const result = parsePattern(text);
      if (result.kind === 'ok') continue;
      const hint = 'Patterns are relative to the root of the repository: src/lib/, docs/*.md, **/*.test.ts.';
      throw fields.error('task-scope', path, `the pattern ${quote(text)} in ${key} ${result.why}`, hint);
    }
  }
  const scope = { owns: owns.map(({ text }) => text), forbids: forbids.map(({ text }) => text) };
  const conflict = findConflict(scope.owns, scope.forbids);
  if (conflict === null) return scope;
  const path = forbids.find(({ text }) => text === conflict.forbid)?.path ?? ['forbids'];
  const message = `forbids ${conflict.forbid} takes away all of ${conflict.own}, which the task owns`;
  throw fields.error('task-scope-overlap', path, message, 'Forbid less, or own something else.');
}

/** `TASK-0001: Title` without its id. */
function withoutId(title: string, id: string): string {
  const rest = title.toLowerCase().startsWith(id.toLowerCase()) ? title.slice(id.length) : title;
  return rest === title ? title : rest.replace(/^\s*[:–—-]?\s*/u, '');
}

function unknownKeyWarning(fields: TaskFields, key: string): string {
  const suggestion = nearest(key, KEYS);
  const meant = suggestion === null ? '' : ` (did you mean ${suggestion}?)`;
  return `${formatPlace(fields.place([key]))}: unknown key ${quote(key)}${meant}; it is passed on to the agent`;
}

function asText(value: YamlValue): string {
  return typeof value === 'string' ? value.trim() : JSON.stringify(value, null, 2);
}
