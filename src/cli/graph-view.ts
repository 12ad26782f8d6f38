import { compareIds } from '../core/frontier.ts';
import { cyclesThrough } from '../core/graph.ts';
import { isFinal } from '../core/task-state.ts';
import type { TaskStatus } from '../core/task-state.ts';
import type { ListedTask } from '../store/store.ts';

/** A task of the graph. `after`: only tasks that are in the graph, or that do not exist at all. */
export interface GraphTask {
  readonly id: string;
  readonly title: string;
  readonly status: TaskStatus;
  readonly after: readonly string[];
}

export interface GraphView {
  /** By id. */
  readonly tasks: readonly GraphTask[];
  /** What tasks come after and does not exist. */
  readonly missing: readonly string[];
  /** Each from one of its tasks back to that one. */
  readonly cycles: readonly (readonly string[])[];
}

/** Tasks that are not done and what these come after directly; with `all`, every task. */
export function makeGraph(listed: readonly ListedTask[], { all }: { readonly all: boolean }): GraphView {
  const known = new Set(listed.map(({ id }) => id));
  const open = listed.filter(({ status }) => all || !isFinal(status));
  const wanted = new Set(open.flatMap(({ id, after }) => [id, ...after]));
  const tasks = listed
    .filter(({ id }) => wanted.has(id))
    .map(({ id, title, status, after }) => {
      return { id, title, status, after: after.filter((needed) => wanted.has(needed) || !known.has(needed)) };
    })
    .toSorted((a, b) => compareIds(a.id, b.id));
  const missing = new Set(tasks.flatMap(({ after }) => after.filter((id) => !known.has(id))));
  // What is done waits for nothing any more.
  const cycles = new Set(cyclesThrough(tasks.filter(({ status }) => !isFinal(status))).values());
  return { tasks, missing: [...missing].toSorted(compareIds), cycles: [...cycles] };
}
