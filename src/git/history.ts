import { inDepot } from './depot.ts';
import type { Depot } from './depot.ts';
import { git } from './git.ts';

/**
 * What came to the target between two commits in some paths, for the agent that must reconcile its work with it: the
 * landings with their messages, and the change itself. Bounded.
 */
export async function describeChanges(
  depot: Depot,
  options: { readonly from: string; readonly to: string; readonly paths: readonly string[]; readonly maxBytes: number },
): Promise<string> {
  const { from, to, paths, maxBytes } = options;
  const literal = paths.map((path) => `:(literal,top)${path}`);
  const bounded = { ...inDepot(depot), maxOutputBytes: 2 * maxBytes, mayCut: true };
  const log = await git(
    [
      'log',
      '--first-parent',
      '--no-color',
      '--format=- %s%n%w(0,2,2)%b',
      '--end-of-options',
      `${from}..${to}`,
      '--',
      ...literal,
    ],
    bounded,
  );
  const diff = await git(
    ['diff', '--no-color', '--no-ext-diff', '--no-textconv', '--end-of-options', from, to, '--', ...literal],
    bounded,
  );
  const text = `${log.stdout.toString('utf8').trim()}\n\n${diff.stdout.toString('utf8')}`;
  return text.length <= maxBytes ? text : `${text.slice(0, maxBytes)}\n[cut]`;
}

/** The oldest commit on the way from `tip` by first parents that has `commit` behind it; null: `tip` is that commit. */
export async function firstHolder(depot: Depot, commit: string, tip: string): Promise<string | null> {
  const args = ['rev-list', '--first-parent', '--ancestry-path', '--end-of-options', `${commit}..${tip}`, '--'];
  const { stdout } = await git(args, inDepot(depot));
  return stdout.toString('latin1').trim().split('\n').at(-1) || null;
}
