import { dispatchOrder } from '../../src/core/frontier.ts';
import { isFinal } from '../../src/core/task-state.ts';
import type { TaskState, TaskStatus } from '../../src/core/task-state.ts';
import type { Part, StoreView, TaskRow } from '../../src/store/store.ts';

/** What is neither ready nor final, the part of the ready ones that is wanted, and the ready ones that these wait for. */
export function partOf(rows: readonly TaskRow[], { first, ids }: Part): TaskRow[] {
  const byId = new Map(rows.map((row) => [row.id, row]));
  const firsts = rows
    .filter(({ state }) => state.status === 'ready')
    .toSorted((a, b) => b.priority - a.priority || dispatchOrder(a, b))
    .slice(0, first);
  const wanted = new Set([...firsts.map(({ id }) => id), ...ids]);
  // A set that is added to while it is walked is walked to its end.
  for (const id of wanted) {
    const row = byId.get(id);
    if (row === undefined || isFinal(row.state.status)) continue;
    for (const needed of row.after) wanted.add(needed);
  }
  return rows.filter(({ id, state }) => {
    return state.status === 'ready' ? wanted.has(id) : !isFinal(state.status);
  });
}

/** States of the tasks that these wait for and that are not among them. */
export function dependenciesOf(
  rows: readonly TaskRow[],
  stateOf: (id: string) => TaskState | undefined,
): Pick<StoreView, 'dependencies' | 'successors'> {
  const own = new Set(rows.map(({ id }) => id));
  const dependencies = new Map<string, TaskStatus>();
  const successors = new Map<string, string>();
  for (const id of rows.flatMap(({ after }) => after)) {
    const state = own.has(id) ? undefined : stateOf(id);
    if (state === undefined) continue;
    const end = endOfChain(id, state, stateOf);
    dependencies.set(id, end?.status ?? 'superseded');
    if (end !== null && end.id !== id) successors.set(id, end.id);
  }
  return { dependencies, successors };
}

/** Null where the chain of successors ends nowhere, or is a circle. */
function endOfChain(
  start: string,
  state: TaskState,
  stateOf: (id: string) => TaskState | undefined,
): { readonly id: string; readonly status: TaskStatus } | null {
  const seen = new Set([start]);
  let id = start;
  let end = state;
  while (end.status === 'superseded') {
    const next = seen.has(end.by) ? undefined : stateOf(end.by);
    if (next === undefined) return null;
    seen.add(end.by);
    id = end.by;
    end = next;
  }
  return { id, status: end.status };
}
