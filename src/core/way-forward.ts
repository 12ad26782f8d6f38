import { cyclesThrough } from './graph.ts';
import type { DependencyState } from './snapshot.ts';
import type { TaskStatus } from './task-state.ts';

/** A task that is not final, as far as the way forward depends on it. */
export interface OpenTask {
  readonly id: string;
  readonly after: readonly string[];
  readonly status: TaskStatus;
  /** Why it does not start by itself, whatever else lands; null: it does, once all that it comes after has landed. */
  readonly blocked: string | null;
}

/** Where a wait begins: nothing of what hangs on it moves before that is mended. */
export interface Root {
  /** `never`: it cannot land any more. `person`: somebody has to decide. */
  readonly kind: 'cycle' | 'missing' | 'never' | 'person';
  readonly why: string;
  /** Tasks at which the wait begins. */
  readonly at: readonly string[];
  /** Tasks that come after those. */
  readonly behind: readonly string[];
}

export interface WayForward {
  /** Tasks that run, land, or can start now. */
  readonly moving: number;
  /** Tasks that start by themselves later. */
  readonly later: number;
  /** By how much hangs on them. */
  readonly roots: readonly Root[];
}

/** Takes no part in the wait of others: it goes on by itself. */
const MOVES: ReadonlySet<TaskStatus> = new Set(['running', 'accepted', 'landing', 'in-review']);

/** What begins at one place of the graph. */
interface Begun {
  readonly kind: Root['kind'];
  readonly why: string;
  readonly at: Set<string>;
  readonly behind: Set<string>;
}

/**
 * Whether anything can start or land, and for what does not, the root of the wait: not that a task waits for the one before
 * it, but what the first of the chain waits for.
 *
 * @param tasks all that are not final.
 * @param stateOf of a task that is none of these.
 */
export function wayForward(tasks: readonly OpenTask[], stateOf: (id: string) => DependencyState): WayForward {
  const byId = new Map(tasks.map((task) => [task.id, task]));
  const begun = new Map<string, Begun>();
  const stuck = new Set<string>();
  const waitsAt = (key: string, kind: Root['kind'], why: string, id: string): void => {
    const root = begun.get(key) ?? { kind, why, at: new Set<string>(), behind: new Set<string>() };
    root.at.add(id);
    stuck.add(id);
    begun.set(key, root);
  };
  for (const [id, cycle] of cyclesThrough(tasks)) {
    waitsAt(`cycle ${cycle.join()}`, 'cycle', `dependencies form a cycle: ${cycle.join(' → ')}`, id);
  }
  for (const { id, status, blocked, after } of tasks) {
    if (MOVES.has(status)) continue;
    if (blocked !== null) waitsAt(id, 'person', `${id} ${blocked}`, id);
    for (const other of after) {
      if (byId.has(other)) continue;
      const state = stateOf(other);
      if (state === 'landed') continue;
      if (state === 'missing') waitsAt(other, 'missing', `${id} comes after ${other}, which does not exist`, id);
      else waitsAt(other, 'never', `${id} comes after ${other}, which is ${state} and never lands`, id);
    }
  }
  spread(tasks, begun, stuck);
  return { ...countMoving(tasks, byId, stuck), roots: sorted(begun) };
}

/** What comes after a stuck task is stuck, for the same reason. */
function spread(tasks: readonly OpenTask[], begun: ReadonlyMap<string, Begun>, stuck: Set<string>): void {
  const followers = new Map<string, string[]>();
  for (const { id, after, status } of tasks) {
    if (MOVES.has(status)) continue;
    for (const other of after) {
      const list = followers.get(other);
      if (list === undefined) followers.set(other, [id]);
      else list.push(id);
    }
  }
  for (const { at, behind } of begun.values()) {
    const follow = (id: string): void => {
      for (const follower of followers.get(id) ?? []) if (!at.has(follower)) behind.add(follower);
    };
    at.forEach(follow);
    // A set takes in what is added while it is walked.
    for (const id of behind) {
      stuck.add(id);
      follow(id);
    }
  }
}

function countMoving(
  tasks: readonly OpenTask[],
  byId: ReadonlyMap<string, OpenTask>,
  stuck: ReadonlySet<string>,
): Pick<WayForward, 'moving' | 'later'> {
  const free = tasks.filter(({ id }) => !stuck.has(id));
  const moving = free.filter(({ status, after }) => MOVES.has(status) || !after.some((id) => byId.has(id))).length;
  return { moving, later: free.length - moving };
}

function sorted(begun: ReadonlyMap<string, Begun>): Root[] {
  return [...begun.values()]
    .map(({ kind, why, at, behind }) => ({ kind, why, at: [...at], behind: [...behind] }))
    .toSorted((a, b) => heldBy(b) - heldBy(a));
}

function heldBy({ at, behind }: Root): number {
  return at.length + behind.length;
}
