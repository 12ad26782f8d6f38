interface Node {
  readonly id: string;
  readonly after: readonly string[];
}

/**
 * The tasks that stand in a dependency cycle (one on itself included), each with a cycle it stands in, written from one
 * of its tasks back to that one. The tasks of a cycle share it, so that a ring of ten thousand is walked and kept once.
 * Tasks that merely wait for a cycle are not in it.
 */
export function cyclesThrough(nodes: readonly Node[]): Map<string, readonly string[]> {
  const byId = new Map(prune(nodes).map((node) => [node.id, node]));
  const cycles = new Map<string, readonly string[]>();
  for (const component of strongComponents(byId)) {
    const [first = ''] = component;
    if (component.length === 1 && byId.get(first)?.after.includes(first) !== true) continue;
    const members = new Set(component);
    for (const id of component) {
      if (cycles.has(id)) continue;
      const cycle = findCycle(byId, members, id);
      if (cycle === null) continue;
      for (const member of cycle) if (!cycles.has(member)) cycles.set(member, cycle);
    }
  }
  return cycles;
}

/** Leaves out what waits for nothing among the nodes, and what waits for that only: most of them, and in no cycle. */
function prune(nodes: readonly Node[]): readonly Node[] {
  let left = nodes;
  for (let round = 0; round < PRUNE_ROUNDS; round += 1) {
    const ids = new Set(left.map(({ id }) => id));
    const kept = left.filter(({ after }) => after.some((id) => ids.has(id)));
    if (kept.length === left.length) break;
    left = kept;
  }
  return left;
}

/** A long chain would take as many rounds as it has tasks. */
const PRUNE_ROUNDS = 3;

interface Frame {
  readonly id: string;
  next: number;
}

interface Search {
  readonly byId: ReadonlyMap<string, Node>;
  readonly order: Map<string, number>;
  readonly low: Map<string, number>;
  readonly open: string[];
  readonly isOpen: Set<string>;
  readonly components: string[][];
}

/** Without recursion: a chain of ten thousand tasks must not exhaust the stack. */
function strongComponents(byId: ReadonlyMap<string, Node>): string[][] {
  const search: Search = { byId, order: new Map(), low: new Map(), open: [], isOpen: new Set(), components: [] };
  for (const root of byId.keys()) {
    if (search.order.has(root)) continue;
    const frames: Frame[] = [enter(search, root)];
    for (let frame = frames.at(-1); frame !== undefined; frame = frames.at(-1)) {
      const child = byId.get(frame.id)?.after[frame.next];
      if (child === undefined) {
        frames.pop();
        leave(search, frame.id, frames.at(-1)?.id);
        continue;
      }
      frame.next += 1;
      if (!byId.has(child)) continue;
      if (!search.order.has(child)) frames.push(enter(search, child));
      else if (search.isOpen.has(child)) lower(search, frame.id, search.order.get(child) ?? 0);
    }
  }
  return search.components;
}

function enter(search: Search, id: string): Frame {
  const index = search.order.size;
  search.order.set(id, index);
  search.low.set(id, index);
  search.open.push(id);
  search.isOpen.add(id);
  return { id, next: 0 };
}

function leave(search: Search, id: string, parent: string | undefined): void {
  const low = search.low.get(id) ?? 0;
  if (parent !== undefined) lower(search, parent, low);
  if (low !== search.order.get(id)) return;
  const component: string[] = [];
  for (let member = search.open.pop(); member !== undefined; member = search.open.pop()) {
    search.isOpen.delete(member);
    component.push(member);
    if (member === id) break;
  }
  search.components.push(component);
}

function lower(search: Search, id: string, value: number): void {
  if (value < (search.low.get(id) ?? 0)) search.low.set(id, value);
}

/** A shortest way from `start` back to itself within its component. */
function findCycle(byId: ReadonlyMap<string, Node>, members: ReadonlySet<string>, start: string): string[] | null {
  const cameFrom = new Map<string, string>();
  const queue = [start];
  for (let at = 0; at < queue.length; at += 1) {
    const id = queue[at] as string;
    for (const next of byId.get(id)?.after ?? []) {
      if (next === start) return trace(cameFrom, start, id);
      if (!members.has(next) || cameFrom.has(next)) continue;
      cameFrom.set(next, id);
      queue.push(next);
    }
  }
  return null;
}

function trace(cameFrom: ReadonlyMap<string, string>, start: string, last: string): string[] {
  const back: string[] = [];
  for (let id: string | undefined = last; id !== undefined && id !== start; id = cameFrom.get(id)) back.push(id);
  return [start, ...back.toReversed(), start];
}
