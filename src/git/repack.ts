import { inDepot } from './depot.ts';
import type { Depot } from './depot.ts';
import { git } from './git.ts';

/** A commit that no ref names yet may be on its way to one. */
const PRUNE_BEFORE = '2.days.ago';

/**
 * Puts the depot's objects into one pack. Without `prune` nothing is lost, reachable or not: lanes borrow from it. With
 * it, what no ref has named for two days goes. Killed at any point, git leaves packs that are whole.
 *
 * @param guard `signal` ends it; `permit` is asked right before each step, and throws when it must not be done any more.
 */
export async function repackDepot(
  depot: Depot,
  prune: boolean,
  { signal, permit }: { readonly signal: AbortSignal; readonly permit: () => Promise<void> },
): Promise<void> {
  const args = prune ? ['-A', `--unpack-unreachable=${PRUNE_BEFORE}`] : ['-a', '--keep-unreachable'];
  const call = { ...inDepot(depot), signal };
  await permit();
  await git(['repack', '-d', '-q', ...args], call);
  if (!prune) return;
  await permit();
  await git(['prune', `--expire=${PRUNE_BEFORE}`], call);
}
