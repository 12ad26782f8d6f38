import type { TaskSpec } from './task.ts';

/** How a list of a task is to change: replaced as a whole, or by entries. */
export type ListChange =
  | { readonly set: readonly string[] }
  | { readonly add: readonly string[]; readonly drop: readonly string[] };

/** What of a task is to change. What is absent stays; null takes a value away. */
export interface TaskChange {
  readonly title?: string;
  readonly objective?: string;
  readonly context?: string;
  readonly area?: string | null;
  readonly gate?: string | null;
  readonly agent?: string | null;
  readonly testPolicy?: string | null;
  readonly priority?: number;
  readonly owns?: ListChange;
  readonly forbids?: ListChange;
  readonly after?: ListChange;
  readonly acceptance?: ListChange;
}

/** The entries after the change: what is dropped goes, what is added comes last, and nothing stands twice. */
export function changedList(before: readonly string[], change: ListChange | undefined): readonly string[] {
  if (change === undefined) return before;
  if ('set' in change) return [...new Set(change.set)];
  const drop = new Set(change.drop);
  return [...new Set([...before.filter((entry) => !drop.has(entry)), ...change.add])];
}

/** The task as the change would have it. */
export function changedSpec(spec: TaskSpec, change: TaskChange): TaskSpec {
  const { owns, forbids, after, acceptance, ...plain } = change;
  return {
    ...spec,
    ...plain,
    owns: changedList(spec.owns, owns),
    forbids: changedList(spec.forbids, forbids),
    after: changedList(spec.after, after),
    acceptance: changedList(spec.acceptance, acceptance),
  };
}
