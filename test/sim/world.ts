import type { MoveResult } from '../../src/git/target.ts';
import type { SimProcess } from './machine.ts';

/*
 * Repository, depot and lanes as values: commits are maps of files. What git and the file system do at one moment (a ref
 * that is swapped, an object that is written) is one method here.
 */

export type Files = Readonly<Record<string, string>>;

export interface Commit {
  readonly id: string;
  readonly files: Files;
  readonly parents: readonly string[];
}

/** What happened outside of the store, in order. `seq` is the store's newest event at that moment. */
export type Observation =
  | {
      readonly kind: 'target-moved';
      readonly from: string;
      readonly to: string;
      readonly tree: string;
      readonly by: string;
    }
  | { readonly kind: 'verdict'; readonly tree: string; readonly isGreen: boolean }
  | { readonly kind: 'lane-shared'; readonly taskId: string; readonly tokens: readonly number[] };

export const TARGET = 'refs/heads/target';

export class World {
  readonly commits = new Map<string, Commit>();
  readonly observations: Observation[] = [];
  /** Attempts whose agent may be writing to the lane now, by task. */
  readonly #writers = new Map<string, Map<number, SimProcess>>();
  readonly #lanes = new Map<string, Record<string, string>>();
  target: string;
  /** The depot's record of the target. */
  record: string;
  /** Who holds git's lock on the target. */
  lock: SimProcess | null = null;
  #count = 0;

  constructor() {
    this.target = this.commit({ 'README.md': 'a project' }, []);
    this.record = this.target;
  }

  commit(files: Files, parents: readonly string[]): string {
    this.#count += 1;
    const id = `c${this.#count}`;
    this.commits.set(id, { id, files, parents });
    return id;
  }

  filesOf(id: string): Files {
    const commit = this.commits.get(id);
    if (commit === undefined) throw new Error(`the depot has no ${id}`);
    return commit.files;
  }

  treeOf(id: string): string {
    return treeOf(this.filesOf(id));
  }

  contains(id: string, ancestor: string): boolean {
    if (id === ancestor) return true;
    return (this.commits.get(id)?.parents ?? []).some((parent) => this.contains(parent, ancestor));
  }

  /** The oldest commit on the way from `tip` by first parents that has `commit` behind it; null: there is none. */
  firstHolder(commit: string, tip: string): string | null {
    let holder: string | null = null;
    for (
      let at: string | undefined = tip;
      at !== undefined && this.contains(at, commit);
      [at] = this.commits.get(at)?.parents ?? []
    ) {
      holder = at;
    }
    return holder;
  }

  /** A three-way merge, file by file; the paths that both sides changed where it does not come out. */
  merge(base: string, ours: string, theirs: string): { readonly files: Files; readonly conflicts: readonly string[] } {
    const before = this.filesOf(base);
    const mine = this.filesOf(ours);
    const other = this.filesOf(theirs);
    const files: Record<string, string> = { ...mine };
    const conflicts: string[] = [];
    for (const [path, value] of Object.entries(other)) {
      if (value === before[path] || value === mine[path]) continue;
      if (mine[path] === before[path]) files[path] = value;
      else conflicts.push(path);
    }
    return { files, conflicts };
  }

  /** A lane filled from a commit; what it held goes on in it, as `prepareLane` carries it over. */
  fillLane(taskId: string, base: string): void {
    this.#lanes.set(taskId, { ...this.filesOf(base), ...this.#lanes.get(taskId) });
  }

  write(taskId: string, token: number, process: SimProcess, path: string, value: string): void {
    const writers = this.#writers.get(taskId) ?? new Map<number, SimProcess>();
    this.#writers.set(taskId, writers.set(token, process));
    const tokens = [...writers].filter(([, { state }]) => state !== 'dead').map(([each]) => each);
    if (tokens.length > 1) this.observations.push({ kind: 'lane-shared', taskId, tokens });
    const lane = this.#lanes.get(taskId);
    if (lane !== undefined) lane[path] = value;
  }

  lane(taskId: string): Files {
    return { ...this.#lanes.get(taskId) };
  }

  dropLane(taskId: string): void {
    this.#lanes.delete(taskId);
  }

  /** git takes the ref's lock; one that a dead process left is broken. */
  lockTarget(process: SimProcess, from: string): MoveResult | null {
    if (this.lock !== null && this.lock.state !== 'dead')
      return { kind: 'refused', why: 'the ref is locked', fault: null };
    if (this.target !== from) return { kind: 'changed', now: { kind: 'commit', commit: this.target } };
    this.lock = process;
    return null;
  }

  /** Null: somebody took the lock away from a process that was thought dead. */
  commitTarget(process: SimProcess, from: string, to: string, by: string): boolean {
    if (this.lock !== process) return false;
    this.lock = null;
    this.move(from, to, by);
    return true;
  }

  unlockTarget(process: SimProcess): void {
    if (this.lock === process) this.lock = null;
  }

  move(from: string, to: string, by: string): void {
    this.target = to;
    this.observations.push({ kind: 'target-moved', from, to, tree: this.treeOf(to), by });
  }
}

export function treeOf(files: Files): string {
  return JSON.stringify(Object.entries(files).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** The gate of the simulated project: nothing bad in it, and no two halves that do not go together. */
export function isHealthy(files: Files): boolean {
  const values = Object.values(files);
  return !values.some((value) => value.startsWith('bad')) && !(values.includes('left') && values.includes('right'));
}
