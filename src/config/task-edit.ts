import { isDeepStrictEqual } from 'node:util';
import { tidyChain } from '../core/agent-spec.ts';
import type { TaskSpec } from '../core/task.ts';
import { changedSpec, type ListChange, type TaskChange } from '../core/task-change.ts';
import { UserError } from '../core/user-error.ts';
import { editFrontMatter, type MatterValue } from './front-matter-edit.ts';
import { trimText } from './markdown.ts';
import { appendItems, replaceSection, replaceTitle, sectionText } from './section-edit.ts';
import { parseTaskFile, splitTaskFile } from './task-file.ts';

export interface EditedTask {
  readonly text: string;
  readonly spec: TaskSpec;
}

const MATTER_KEYS = ['area', 'after', 'owns', 'forbids', 'gate', 'agent', 'testPolicy'] as const;

/**
 * The text of a task file with a change made in place: all that is not touched by the change, comments and unknown
 * sections included, stays byte for byte. `file` is its path, as messages name it. Throws a UserError: `task-…` where
 * the result would be no task, `task-edit` where the file is written in a way that cannot be changed so.
 */
export function editTaskFile(text: string, change: TaskChange, file: string): EditedTask {
  const tidy = tidied(change);
  const { spec: before } = parseTaskFile(text, file);
  const wanted = changedSpec(before, tidy);
  const edited = isDeepStrictEqual(before, wanted) ? text : apply(text, before, wanted, tidy);
  if (edited === null) throw notInPlace(file);
  const { spec } = parseTaskFile(edited, file);
  if (!isDeepStrictEqual(spec, wanted)) throw notInPlace(file);
  return { text: edited, spec };
}

function apply(text: string, before: TaskSpec, wanted: TaskSpec, change: TaskChange): string | null {
  const mark = text.startsWith('\uFEFF') ? '\uFEFF' : '';
  const parts = splitTaskFile(text.slice(mark.length));
  if (typeof parts === 'string') return null;
  let matter: string | null = parts.matter;
  const set = (key: string, value: MatterValue): void => {
    matter = matter === null ? null : editFrontMatter(matter, key, value);
  };
  for (const key of MATTER_KEYS) if (!isDeepStrictEqual(before[key], wanted[key])) set(key, wanted[key]);
  if (before.priority !== wanted.priority) set('priority', wanted.priority === 0 ? null : wanted.priority);
  let body: string | null = parts.body;
  if (before.title !== wanted.title) {
    const isInMatter = /^["']?title["']?[ \t]*:/m.test(parts.matter);
    body = replaceTitle(body, before.title, wanted.title);
    if (isInMatter || body === parts.body) set('title', wanted.title);
  }
  if (before.objective !== wanted.objective) {
    body = replaceSection(body, 'objective', sectionText('objective', wanted.objective));
  }
  if (body !== null && before.context !== wanted.context) {
    body = replaceSection(body, 'context', sectionText('context', wanted.context));
  }
  if (body !== null) body = editAcceptance(body, before, wanted, change);
  if (matter === null || body === null) return null;
  return mark + parts.opening + matter + parts.closing + body;
}

function editAcceptance(body: string, before: TaskSpec, wanted: TaskSpec, change: TaskChange): string | null {
  if (isDeepStrictEqual(before.acceptance, wanted.acceptance)) return body;
  const added = wanted.acceptance.slice(before.acceptance.length);
  const isAppended =
    change.acceptance !== undefined &&
    'add' in change.acceptance &&
    isDeepStrictEqual([...before.acceptance, ...added], wanted.acceptance);
  if (isAppended) return appendItems(body, added);
  return replaceSection(body, 'acceptance', sectionText('acceptance', wanted.acceptance));
}

/** As reading would have it. */
function tidied(change: TaskChange): TaskChange {
  const line = (text: string | null): string | null => text?.trim() || null;
  const lines = (list: ListChange): ListChange =>
    'set' in list
      ? { set: list.set.map((entry) => entry.trim()) }
      : { add: list.add.map((entry) => entry.trim()), drop: list.drop.map((entry) => entry.trim()) };
  return {
    ...change,
    ...(change.title !== undefined && { title: change.title.trim() }),
    ...(change.objective !== undefined && { objective: trimText(change.objective.replaceAll('\r', '')) }),
    ...(change.context !== undefined && { context: trimText(change.context.replaceAll('\r', '')) }),
    ...(change.area !== undefined && { area: line(change.area) }),
    ...(change.gate !== undefined && { gate: line(change.gate) }),
    ...(change.agent !== undefined && { agent: tidyChain(change.agent ?? '') }),
    ...(change.testPolicy !== undefined && { testPolicy: line(change.testPolicy) }),
    ...(change.owns !== undefined && { owns: lines(change.owns) }),
    ...(change.forbids !== undefined && { forbids: lines(change.forbids) }),
    ...(change.after !== undefined && { after: lines(change.after) }),
    ...(change.acceptance !== undefined && { acceptance: lines(change.acceptance) }),
  };
}

function notInPlace(file: string): UserError {
  return new UserError({
    code: 'task-edit',
    message: `${file}: it is written in a way in which this cannot be changed without touching the rest`,
    hint: 'Change it in your editor.',
    place: { file },
  });
}
