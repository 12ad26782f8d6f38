import { isTaskId, taskIdKey } from '../core/task.ts';
import type { Backlog, BacklogProblem, TaskDraft } from './backlog.ts';
import { headingOf } from './backlog.ts';

/** A task of another orchestrator, as far as it can be one here. */
export type ForeignTask =
  | { readonly kind: 'open'; readonly id: string; readonly draft: TaskDraft; readonly notes: readonly string[] }
  /** It is done there, or given up. */
  | {
      readonly kind: 'over';
      readonly id: string;
      readonly title: string;
      readonly why: string;
      readonly notes: readonly string[];
    };

export function noteAt(file: string, id: string, what: string): string {
  return `${file}: ${id}: ${what}`;
}

/**
 * Tasks of another orchestrator as a backlog. An id stays where it is one here and nobody has it. What a task names that
 * is over there has landed, as far as anybody waits for it; what exists nowhere is told. Both are kept as text.
 */
export function backlogOf(
  tasks: readonly ForeignTask[],
  taken: ReadonlySet<string>,
  problems: readonly BacklogProblem[],
  notes: readonly string[],
): Backlog {
  const over = new Set(tasks.flatMap((task) => (task.kind === 'over' ? [task.id] : [])));
  const open = tasks.filter((task) => task.kind === 'open');
  const keys = new Set(open.map(({ id }) => id));
  const told: string[] = [...notes];
  for (const task of tasks) {
    if (task.kind === 'over') told.push(`${task.id} (${task.title}) was left out: ${task.why}`);
    told.push(...task.notes);
  }
  const drafts = open.map(({ id, draft }): TaskDraft => {
    const { file } = draft.place;
    const dropped: string[] = [];
    const refer = (key: 'after' | 'supersedes'): string[] =>
      draft.spec[key].filter((name) => {
        if (keys.has(name)) return true;
        dropped.push(`- ${key}: ${name}`);
        const why = over.has(name) ? 'which was left out, for it is over' : 'which is not there';
        told.push(noteAt(file, id, `${key} names ${name}, ${why}; it is kept as text only`));
        return false;
      });
    const spec = { ...draft.spec, after: refer('after'), supersedes: refer('supersedes') };
    const isFree = draft.id !== null && isTaskId(draft.id) && !taken.has(taskIdKey(draft.id));
    if (!isFree)
      told.push(
        noteAt(
          file,
          id,
          `it gets another id: this one is ${draft.id !== null && isTaskId(draft.id) ? 'taken' : 'none of ours'}`,
        ),
      );
    const extra = [
      ...spec.extra,
      ...(isFree ? [] : [{ heading: 'Former id', text: id }]),
      ...(dropped.length === 0 ? [] : [{ heading: headingOf('Named but not there'), text: dropped.join('\n') }]),
    ];
    return { ...draft, key: id, id: isFree ? draft.id : null, spec: { ...spec, extra } };
  });
  return { drafts, problems, notes: told };
}
