/**
 * Task files of glueRun-go (`docs/orchestration/tasks/TASK-NNNN.md`): a heading with id and title, header lines such as
 * `Status: ready`, and sections. `docs/tasks.md` has what becomes of each.
 */
import { parsePattern } from '../core/scope.ts';
import type { ExtraSection } from '../core/task.ts';
import type { TaskDraft } from './backlog.ts';
import { headingOf } from './backlog.ts';
import { type ForeignTask, noteAt } from './foreign-task.ts';
import { readItems } from './list-items.ts';
import { readLines } from './markdown.ts';
import { readSections } from './task-sections.ts';

const HEADER = /^\s*(?:[-*]\s+)?\**([A-Za-z][A-Za-z ]{1,30}?)\**\s*:\**\s*(.*?)\s*$/;
const HEADER_KEYS: ReadonlySet<string> = new Set([
  'status',
  'area',
  'dag node',
  'target branch',
  'worker branch',
  'test policy',
  'gate command',
  'dispatch mode',
  'depends on',
  'supersedes',
  'superseded by',
]);
/** It is over: nothing is left to do. */
const OVER: ReadonlySet<string> = new Set(['integrated', 'merged', 'cancelled', 'superseded', 'done', 'complete']);
const TASK_ID = /TASK-[0-9]{4,9}/g;

/** Null where it is no task file. `gates` are the commands of the configuration's gates, by name. */
export function readGluerunTask(
  text: string,
  file: string,
  gates: Readonly<Record<string, string>>,
): ForeignTask | null {
  const sections = readSections(text.replace(/^\uFEFF/, ''), 1);
  const [, id = '', title = ''] = /^(TASK-[0-9]{4,9})\s*[:–—-]\s*(.+)$/u.exec(sections.title ?? '') ?? [];
  if (id === '') return null;
  const hasObjective = sections.extra.some(({ heading }) => heading === 'Introduction');
  const introduction = hasObjective
    ? (sections.extra.find(({ heading }) => heading === 'Introduction')?.text ?? '')
    : sections.objective;
  const { header, rest } = readHeader(introduction);
  const status = (header.get('status') ?? 'ready').toLowerCase();
  const why = overBy(status, header.get('superseded by'));
  if (why !== null) return { kind: 'over', id, title, why, notes: [] };
  const notes: string[] = [];
  const note = (what: string): number => notes.push(noteAt(file, id, what));
  if (status !== 'ready')
    note(`it was ${status} there; here it starts anew, and what it has done there is not taken over`);
  const extra: ExtraSection[] = sections.extra.filter(({ heading }) => heading !== 'Introduction');
  const take = (heading: string): string => {
    const index = extra.findIndex((section) => section.heading.toLowerCase() === heading);
    return index === -1 ? '' : (extra.splice(index, 1)[0]?.text ?? '');
  };
  const scope = readScope(take('scope'), note);
  if (scope.rest !== '') extra.push({ heading: 'Scope', text: scope.rest });
  const command = header.get('gate command') ?? '';
  const gate = Object.entries(gates).find(([, run]) => run === command)?.[0] ?? null;
  if (command !== '' && gate === null)
    note(`its gate command is no gate of the configuration; the default gate is used: ${command}`);
  if (!/^(?:canonical)?$/i.test(header.get('dispatch mode') ?? ''))
    note(`its dispatch mode was ${header.get('dispatch mode') ?? ''}`);
  const kept = [...header].filter(
    ([key]) => !['status', 'area', 'test policy', 'depends on', 'supersedes'].includes(key),
  );
  const spec: TaskDraft['spec'] = {
    title,
    objective: hasObjective ? sections.objective : rest,
    acceptance: sections.acceptance,
    context: take('context packet') || sections.context,
    area: header.get('area') ?? null,
    owns: scope.owns,
    forbids: scope.forbids,
    after: [...(header.get('depends on') ?? '').matchAll(TASK_ID)].map(([found]) => found),
    gate,
    agent: null,
    priority: 0,
    supersedes: [...(header.get('supersedes') ?? '').matchAll(TASK_ID)].map(([found]) => found),
    testPolicy: header.get('test policy') ?? null,
    extra: [
      ...(hasObjective && rest !== '' ? [{ heading: 'Introduction', text: rest }] : []),
      ...extra.map(({ heading, text: body }) => ({ heading: headingOf(heading), text: body })),
      ...(kept.length === 0
        ? []
        : [{ heading: 'From glueRun', text: kept.map(([key, value]) => `- ${key}: ${value}`).join('\n') }]),
    ],
  };
  return { kind: 'open', id, draft: { place: { file, line: 1, column: 1 }, key: id, id, spec, isSound: true }, notes };
}

function overBy(status: string, successor: string | undefined): string | null {
  if (OVER.has(status)) return `it is ${status}`;
  return successor !== undefined && successor.search(TASK_ID) !== -1 ? `it is superseded by ${successor}` : null;
}

/** The header lines; `none` and `-` say nothing. What is no header stays. */
function readHeader(text: string): { header: ReadonlyMap<string, string>; rest: string } {
  const header = new Map<string, string>();
  const rest: string[] = [];
  for (const line of text.split('\n')) {
    const [, key = '', value = ''] = HEADER.exec(line) ?? [];
    const name = key.toLowerCase();
    if (!HEADER_KEYS.has(name) || header.has(name)) rest.push(line);
    else if (!/^(?:|none|n\/a|-|–|—|\[\])$/iu.test(value)) header.set(name, value.replace(/^`(.*)`$/, '$1'));
  }
  return { header, rest: rest.join('\n').trim() };
}

/** Owned and forbidden files, under headings or labels of these names. */
function readScope(
  text: string,
  note: (what: string) => void,
): { owns: readonly string[]; forbids: readonly string[]; rest: string } {
  const lists = { owns: [] as string[], forbids: [] as string[] };
  const rest: string[] = [];
  let current: 'owns' | 'forbids' | null = null;
  for (const line of readLines(text, 1)) {
    const [, label = ''] =
      /^(owned|forbidden)(?: files| paths)?\s*:?\s*$/i.exec(
        line.text
          .replace(/^#+\s*|[*]+/g, '')
          .replace(/^[-]\s+/, '')
          .trim(),
      ) ?? [];
    if (label !== '') {
      current = label.toLowerCase() === 'owned' ? 'owns' : 'forbids';
      continue;
    }
    const entries = current === null || !/^\s*(?:[-*+]|[0-9]+[.)])\s/.test(line.text) ? [] : readItems([line]);
    if (entries.length === 0) {
      if (line.text.trim() !== '') rest.push(line.text);
      continue;
    }
    for (const entry of entries) {
      const pattern = (/^`([^`]+)`/.exec(entry)?.[1] ?? entry).trim();
      if (/^(?:none|n\/a)\.?$/i.test(pattern)) continue;
      if (current !== null && parsePattern(pattern).kind === 'ok') lists[current].push(pattern);
      else {
        rest.push(`- ${current === 'owns' ? 'owned' : 'forbidden'}: ${entry}`);
        note(`this is no pattern, and was kept as text only: ${entry}`);
      }
    }
  }
  return { owns: [...new Set(lists.owns)], forbids: [...new Set(lists.forbids)], rest: rest.join('\n').trim() };
}
