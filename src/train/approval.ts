import { setRefs } from '../git/depot.ts';
import { combinedRef } from '../git/lane-names.ts';
import { writeCommit } from '../git/merge.ts';
import type { MergeCommit } from '../git/merge.ts';
import { isPartOf, protectedContent } from '../git/protected-content.ts';
import { diffRaw } from '../git/raw-diff.ts';
import type { TrainContext } from './train-context.ts';
import type { CandidateResult } from './train-work.ts';

export interface Combination {
  readonly taskId: string;
  readonly attempt: number;
  readonly head: string;
  /** The target's commit. */
  readonly base: string;
  readonly tree: string;
}

/**
 * Holds back a combination that would give a protected path of the target a content that no person has approved: two
 * approved changes, or one and a person's own, merge into a third. It is made the task's own work on this target, for a
 * person to look at. Null: it may land.
 */
export async function unapproved(
  context: Pick<TrainContext, 'depot' | 'store' | 'pin' | 'fence'>,
  combination: Combination,
  by: Pick<MergeCommit, 'author' | 'atMs'> & { readonly title: string },
): Promise<(CandidateResult & { kind: 'unapproved' }) | null> {
  const { depot, store, pin, fence } = context;
  const { taskId, attempt, head, base, tree } = combination;
  const content = protectedContent(pin.config.protected, await diffRaw(depot, base, tree));
  if (content === null || (await store.isApproved(taskId, content.hash))) return null;
  const own = protectedContent(pin.config.protected, await diffRaw(depot, `${head}^`, head));
  const isOwn = own !== null && isPartOf(content.changes, own.changes);
  if (isOwn && (await store.isApproved(taskId, own.hash))) return null;
  const { author, atMs, title } = by;
  const message = `${title}\n\nYard-Task: ${taskId}\nYard-Attempt: ${attempt}\n`;
  const combined = await writeCommit(depot, { tree, parents: [base], message, author, atMs });
  await setRefs(depot, { [combinedRef(taskId, attempt, fence.token)]: combined });
  return { kind: 'unapproved', head: combined, hash: content.hash, paths: content.paths };
}
