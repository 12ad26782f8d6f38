import { compareIds } from '../../core/frontier.ts';
import { cyclesThrough } from '../../core/graph.ts';
import { isFinal } from '../../core/task-state.ts';
import type { TaskStatus } from '../../core/task-state.ts';
import type { ListedTask } from '../../store/store.ts';

/**
 * A task of the graph. `after`: only tasks that are in the graph, or that do not exist at all; of a superseded one who
 * stands in its place.
 */
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

/** Tasks that are not done and what these come after directly; with `all`, every task. @param replaced by whom. */
export function makeGraph(
  own: readonly ListedTask[],
  { all, replaced = new Map() }: { readonly all: boolean; readonly replaced?: ReadonlyMap<string, string> },
): GraphView {
  const known = new Set(own.map(({ id }) => id));
  const listed = own.map((task) => {
    const after = task.after.map((id) => (known.has(id) ? lastOf(id, replaced, known) : id));
    return after.some((id, index) => id !== task.after[index]) ? { ...task, after: [...new Set(after)] } : task;
  });
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

/** Who stands in the place of a task by now; itself where the chain of successors ends nowhere. */
function lastOf(start: string, replaced: ReadonlyMap<string, string>, known: ReadonlySet<string>): string {
  const seen = new Set<string>();
  let id = start;
  for (let next = replaced.get(id); next !== undefined; next = replaced.get(id)) {
    if (seen.has(next) || !known.has(next)) return start;
    seen.add(next);
    id = next;
  }
  return id;
}
