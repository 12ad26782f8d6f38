/**
 * Task files of oompa (`tasks/pending/*.json`, `current`, `complete`): one JSON map each, of fields that are convention.
 * `docs/tasks.md` has what becomes of each.
 */
import { parsePattern } from '../core/scope.ts';
import { asText, type BacklogProblem, headingOf, Problems, readDraft } from './backlog.ts';
import { type ForeignTask, noteAt } from './foreign-task.ts';
import { readJson } from './json.ts';
import type { YamlPath, YamlValue } from './yaml.ts';

const FILES = ['files', 'target_files', 'targets'];
const MAPPED: ReadonlySet<string> = new Set([
  'id',
  'summary',
  'description',
  'acceptance',
  'priority',
  'dependencies',
  ...FILES,
]);
/** There, 1 goes first and a task without a number last; here, the higher number does. */
const PRIORITY_LAST = 1_000;

export function readOompaTask(
  text: string,
  file: string,
  stage: 'pending' | 'current' | 'complete',
): { readonly task: ForeignTask | null; readonly problems: readonly BacklogProblem[] } {
  const json = readJson(text.replace(/^\uFEFF/, ''));
  if (json.kind === 'bad') {
    const problems = json.problems.map(({ line, column, message, hint }) => ({
      place: { file, line, column },
      message,
      hint,
    }));
    return { task: null, problems };
  }
  const found = new Problems();
  const data =
    json.data !== null && typeof json.data === 'object' && !Array.isArray(json.data)
      ? (json.data as { readonly [key: string]: YamlValue })
      : null;
  const id = data?.['id'] ?? null;
  const summary = data?.['summary'] ?? null;
  if (
    data === null ||
    typeof id !== 'string' ||
    id.trim() === '' ||
    typeof summary !== 'string' ||
    summary.trim() === ''
  ) {
    found.add(
      { file, line: 1, column: 1 },
      'it is no task of oompa: it lacks id or summary',
      'Mend it, or take the file away.',
    );
    return { task: null, problems: found.all };
  }
  if (stage === 'complete')
    return { task: { kind: 'over', id, title: summary, why: 'it is complete', notes: [] }, problems: [] };
  const notes: string[] = [];
  const note = (what: string): number => notes.push(noteAt(file, id, what));
  if (stage === 'current')
    note('somebody had claimed it; here it starts anew, and what was done there is not taken over');
  const { owns, strange } = readFiles(data);
  for (const entry of strange) note(`this is no pattern, and was kept as text only: ${entry}`);
  const priority = priorityOf(data['priority'] ?? null);
  if (priority === null) note(`its priority is no number: ${asText(data['priority'] ?? null)}`);
  const others = Object.keys(data).filter((key) => !MAPPED.has(key) || (key === 'priority' && priority === null));
  const entry: YamlValue = {
    key: id,
    id,
    title: summary,
    objective: data['description'] ?? null,
    acceptance: data['acceptance'] ?? null,
    after: data['dependencies'] ?? null,
    owns,
    priority: priority ?? 0,
    extra: [
      ...others.map((key) => ({ heading: headingOf(key), text: asText(data[key] ?? null) })),
      ...(strange.length === 0 ? [] : [{ heading: 'Files', text: strange.map((each) => `- ${each}`).join('\n') }]),
    ],
  };
  const { draft, problems } = readDraft(entry, file, [], (path) => json.placeOf(theirs(path)) ?? json.placeOf([]));
  return { task: draft === null ? null : { kind: 'open', id, draft, notes }, problems };
}

/** Where their key stands of which ours was made. */
function theirs([key, ...rest]: YamlPath): YamlPath {
  const names: Readonly<Record<string, string>> = {
    title: 'summary',
    objective: 'description',
    after: 'dependencies',
    key: 'id',
  };
  return key === undefined ? [] : [names[String(key)] ?? key, ...rest];
}

function readFiles(data: { readonly [key: string]: YamlValue }): { owns: string[]; strange: string[] } {
  const owns: string[] = [];
  const strange: string[] = [];
  for (const key of FILES) {
    const value = data[key] ?? [];
    for (const each of Array.isArray(value) ? (value as readonly YamlValue[]) : [value]) {
      const text = asText(each).replace(/^\.\//, '');
      (parsePattern(text).kind === 'ok' && typeof each === 'string' ? owns : strange).push(text);
    }
  }
  return { owns: [...new Set(owns)], strange };
}

/** A number, or `P1`; null where it is neither. */
function priorityOf(value: YamlValue): number | null {
  if (value === null) return 0;
  const number =
    typeof value === 'string' ? Number(/^[Pp]?([0-9]{1,6})$/.exec(value.trim())?.[1] ?? Number.NaN) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) ? PRIORITY_LAST - number : null;
}
