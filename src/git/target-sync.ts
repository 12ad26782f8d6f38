import { fetchCommit, isAncestor, moveRef, resolve } from './depot.ts';
import type { Depot } from './depot.ts';
import { GitError } from './git.ts';
import { putAsideLostRefs } from './lost-refs.ts';
import type { Repository } from './repository.ts';
import { findHolder, readTarget } from './target.ts';
import type { Holder } from './target.ts';

/** The depot's record of the target: what attempts start from, and what the target was when it was last looked at. */
export const TARGET_RECORD = 'refs/yard/target';

export interface TargetPlaces {
  readonly repository: Pick<Repository, 'commonDirectory'>;
  readonly depot: Depot;
  /** Full name. */
  readonly ref: string;
}

export type SyncedTarget =
  | { readonly kind: 'ok'; readonly commit: string }
  /** Nothing may land. `commit` is what attempts may still start from; null where there is nothing. */
  | { readonly kind: 'blocked'; readonly why: string; readonly commit: string | null };

/**
 * Brings the target's head into the depot. A target that vanished or was moved back is never followed silently: work
 * that has landed would be lost.
 *
 * @param known the depot's record where the caller knows it already.
 */
export async function syncTarget(places: TargetPlaces, known?: string | null): Promise<SyncedTarget> {
  const { repository, depot, ref } = places;
  const now = await readTarget(repository, ref);
  // Where the target is not what the caller knows, it was most likely the train that moved it, and recorded it here.
  const isKnown = known !== undefined && now.kind === 'commit' && now.commit === known;
  const record = isKnown ? known : await resolve(depot, TARGET_RECORD);
  // After the record: one that a person resets meanwhile must not be set to where the target was before.
  const state = isKnown ? now : await readTarget(repository, ref);
  if (state.kind === 'missing') return { kind: 'blocked', why: missing(ref), commit: record };
  if (state.kind === 'symbolic') return { kind: 'blocked', why: symbolic(ref, state.to), commit: record };
  const { commit } = state;
  if (commit !== record) {
    await fetchIntoDepot(depot, repository, commit);
    if (record !== null && !(await isAncestor(depot, record, commit))) {
      return { kind: 'blocked', why: movedBack(ref, commit, record), commit: record };
    }
    // Somebody else has seen more of it, or a person has reset it.
    if (!(await moveRef(depot, TARGET_RECORD, record, commit))) return syncTarget(places);
  }
  const holder = findHolder(repository, ref);
  return holder === null ? { kind: 'ok', commit } : { kind: 'blocked', why: held(ref, holder), commit };
}

/**
 * Brings a commit of the operator's repository into the depot. Refs of the depot that are in the way, because what they
 * name is lost, are put aside; but not the record of the target: without it one that was moved back would be followed.
 */
export async function fetchIntoDepot(
  depot: Depot,
  { commonDirectory: from }: TargetPlaces['repository'],
  commit: string,
): Promise<void> {
  try {
    await fetchCommit({ into: depot.path, from, commit });
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
    if ((await putAsideLostRefs(depot, 'refs/yard/', TARGET_RECORD)).length === 0) throw error;
    await fetchCommit({ into: depot.path, from, commit });
  }
}

/**
 * Records a landing. Only where the record still is what was landed on: a train that was stopped here, and woke up after
 * its successor or after a person had reset the record (`yard resume`), would set it to a commit that may not be in the
 * target any more, on which attempts would start and nothing could land. (A record that is behind the target does no harm:
 * it is brought forward when it is looked at.)
 */
export async function recordLanding(depot: Depot, from: string, head: string): Promise<void> {
  if ((await resolve(depot, TARGET_RECORD)) === from) await moveRef(depot, TARGET_RECORD, from, head);
}

/**
 * Why nothing could land now, without fetching or writing anything: for commands that only look. A commit that the
 * depot does not have yet is taken for a new one; a target that is not there yet, for one that the first run will make.
 */
export async function peekTarget({ repository, depot, ref }: TargetPlaces): Promise<string | null> {
  const record = await resolve(depot, TARGET_RECORD);
  const state = await readTarget(repository, ref);
  if (state.kind === 'missing') return record === null ? null : missing(ref);
  if (state.kind === 'symbolic') return symbolic(ref, state.to);
  if (record !== null && state.commit !== record) {
    const here = await resolve(depot, `${state.commit}^{commit}`);
    if (here !== null && !(await isAncestor(depot, record, here))) return movedBack(ref, here, record);
  }
  const holder = findHolder(repository, ref);
  return holder === null ? null : held(ref, holder);
}

function missing(ref: string): string {
  return `${ref} does not exist any more; restore it, or accept this with: yard resume`;
}

function symbolic(ref: string, to: string): string {
  return `${ref} is a symbolic ref to ${to}; moving it would move that branch`;
}

function movedBack(ref: string, to: string, from: string): string {
  return `${ref} was moved back to ${to.slice(0, 12)}, which does not hold ${from.slice(0, 12)}; accept this with: yard resume`;
}

function held(ref: string, holder: Holder): string {
  return `${ref} is ${holder.how} in ${holder.path}; switch that working tree to another branch`;
}
