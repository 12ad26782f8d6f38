import { isAncestor, treeOf } from './depot.ts';
import type { Depot } from './depot.ts';
import type { Signature } from './fast-import.ts';
import { writeCommit } from './merge.ts';
import type { Merger, MergeResult } from './merge.ts';

export interface MergedWork {
  readonly merge: MergeResult;
  /** The commit that the work was made on is not in the target any more: the work's history must not come along. */
  readonly isUprooted: boolean;
}

export interface WorkMerge {
  readonly depot: Depot;
  readonly merger: Merger;
  /** What it is merged into. */
  readonly target: string;
  /** One commit: its parent is what the work was made on. */
  readonly work: string;
  readonly identity: Signature;
  readonly atMs: number;
}

/**
 * Merges a task's work into the target: what the work changes, and nothing else. Where a person took the commit that it
 * was made on off the target, git would merge that commit's content back in; then only the difference is merged.
 */
export async function mergeWork(request: WorkMerge): Promise<MergedWork> {
  const { depot, merger, target, work } = request;
  if (await isAncestor(depot, `${work}^`, target)) {
    return { merge: await merger.merge(target, work), isUprooted: false };
  }
  return { merge: await mergeDifference(request), isUprooted: true };
}

/** By commits made for this: git 2.39 takes no merge base, it finds the one that they have in common. */
async function mergeDifference({ depot, merger, target, work, identity, atMs }: WorkMerge): Promise<MergeResult> {
  const make = async (name: string, parents: readonly string[]): Promise<string> =>
    writeCommit(depot, { tree: await treeOf(depot, name), parents, message: 'merge\n', author: identity, atMs });
  const base = await make(`${work}^`, []);
  return merger.merge(await make(target, [base]), await make(work, [base]));
}
