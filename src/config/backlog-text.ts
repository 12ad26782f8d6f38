import type { Backlog, BacklogProblem, TaskDraft } from './backlog.ts';
import { readDraft, TASKS_MAX } from './backlog.ts';
import { readChecklist } from './checklist.ts';
import { readJson } from './json.ts';
import { readYaml, type YamlResult, type YamlValue } from './yaml.ts';

export const BACKLOG_FORMATS = ['json', 'yaml', 'ndjson', 'markdown'] as const;
export type BacklogFormat = (typeof BACKLOG_FORMATS)[number];

const EXTENSIONS: Readonly<Record<string, BacklogFormat>> = {
  json: 'json',
  yaml: 'yaml',
  yml: 'yaml',
  ndjson: 'ndjson',
  jsonl: 'ndjson',
  md: 'markdown',
  markdown: 'markdown',
};

/** By the name of the file, else by how the text begins; null where neither tells. */
export function formatOf(file: string, text: string): BacklogFormat | null {
  const named = EXTENSIONS[/\.([a-z]+)$/i.exec(file)?.[1]?.toLowerCase() ?? ''];
  if (named !== undefined) return named;
  const start = text.trimStart();
  if (start.startsWith('[')) return 'json';
  if (start.startsWith('{'))
    return readJson(start.slice(0, start.indexOf('\n') + 1 || undefined)).kind === 'ok' && /\n\s*\{/.test(start)
      ? 'ndjson'
      : 'json';
  return /^(?:#|[-*+] \[[ xX]\])/.test(start) ? 'markdown' : null;
}

/** Reads many tasks. `file` is how messages name where they come from. */
export function readBacklog(text: string, file: string, format: BacklogFormat): Backlog {
  const plain = text.replace(/^\uFEFF/, '');
  const backlog = format === 'markdown' ? readChecklist(plain, file) : readEntries(plain, file, format);
  const { drafts, problems } = backlog;
  if (drafts.length <= TASKS_MAX && (drafts.length > 0 || problems.length > 0)) return backlog;
  const place = { file, line: 1, column: 1 };
  const message = drafts.length === 0 ? 'there is no task in it' : `it has more than ${TASKS_MAX} tasks`;
  const hint = drafts.length === 0 ? 'docs/tasks.md has what such files look like.' : 'Split it.';
  return { ...backlog, problems: [{ place, message, hint }, ...problems] };
}

function readEntries(text: string, file: string, format: Exclude<BacklogFormat, 'markdown'>): Backlog {
  const drafts: TaskDraft[] = [];
  const problems: BacklogProblem[] = [];
  const notes: string[] = [];
  const slips: BacklogProblem[] = [];
  for (const result of format === 'ndjson' ? readLines(text) : [format === 'json' ? readJson(text) : readYaml(text)]) {
    if (result.kind === 'bad') {
      for (const { line, column, message, hint } of result.problems) {
        problems.push({ place: { file, line, column }, message, hint });
      }
      continue;
    }
    const { list, root } = format === 'ndjson' ? { list: [result.data], root: null } : listOf(result.data);
    if (list === null) {
      const place = { file, ...(result.placeOf([]) ?? { line: 1, column: 1 }) };
      problems.push({ place, message: 'it must be a list of tasks', hint: 'Write [ … ], or { "tasks": [ … ] }.' });
      continue;
    }
    // What is too many is told, not read.
    for (const [index, entry] of list.slice(0, TASKS_MAX + 1).entries()) {
      const read = readDraft(entry, file, root === null ? [] : [...root, index], result.placeOf);
      if (read.draft !== null) drafts.push(read.draft);
      problems.push(...read.problems);
      notes.push(...read.notes);
      slips.push(...read.slips);
    }
  }
  return { drafts, problems, notes, slips };
}

function* readLines(text: string): Generator<YamlResult> {
  for (const [index, line] of text.split('\n').entries()) {
    if (index > 10 * TASKS_MAX) return;
    if (line.trim() !== '') yield readJson(line, index + 1);
  }
}

function listOf(data: YamlValue): { list: readonly YamlValue[] | null; root: readonly string[] } {
  if (Array.isArray(data)) return { list: data as readonly YamlValue[], root: [] };
  const tasks =
    data !== null && typeof data === 'object' ? (data as { readonly [key: string]: YamlValue })['tasks'] : null;
  return { list: Array.isArray(tasks) ? (tasks as readonly YamlValue[]) : null, root: ['tasks'] };
}
