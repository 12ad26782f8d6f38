import { join } from 'node:path';

import { git } from './git.ts';

/** What a working tree stands on, and what is changed in it. */
export interface Checkout {
  /** Full name of the branch's ref; empty on a detached HEAD. */
  readonly branch: string;
  readonly commit: string;
  /** Paths that differ from the commit or are not tracked. */
  readonly changed: readonly string[];
}

/** Reads the main working tree at `root`: one that no agent and no gate has touched. */
export async function readCheckout(root: string): Promise<Checkout> {
  const call = { gitDir: join(root, '.git'), workTree: root };
  const commit = await git(['rev-parse', '--verify', 'HEAD'], call);
  const branch = await git(['symbolic-ref', '--quiet', 'HEAD'], { ...call, answers: [0, 1] });
  const status = await git(['status', '--porcelain', '--no-renames', '--untracked-files=all', '-z'], call);
  const entries = status.stdout.toString('utf8').split('\0');
  return {
    branch: branch.stdout.toString('utf8').trim(),
    commit: commit.stdout.toString('latin1').trim(),
    changed: entries.filter((entry) => entry !== '').map((entry) => entry.slice(3)),
  };
}
