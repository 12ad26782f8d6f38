import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { mkdir, rm } from '../process/file-system.ts';
import type { BytePath } from './byte-path.ts';
import { fetchCommit } from './depot.ts';
import type { Depot } from './depot.ts';
import { git, GitError } from './git.ts';
import type { Repository } from './repository.ts';
import { noCommit, readTarget } from './target.ts';

/** Null: it is not there, or empty. Else what is in the way. */
export function obstacleAt(directory: string): string | null {
  const stat = lstatSync(directory, { throwIfNoEntry: false });
  if (stat === undefined) return null;
  if (stat.isSymbolicLink()) return 'it is a link';
  if (!stat.isDirectory()) return 'it is a file';
  return readdirSync(directory).length === 0 ? null : 'it is not empty';
}

/**
 * Writes files of a commit, as the bytes of their blobs, into a directory that is new or empty (`obstacleAt`): so no
 * link can stand in the way of a file. Links become links. Paths that no git may check out are refused by git.
 *
 * @param paths null: all of them.
 * @throws GitError; the directory then holds a part.
 */
export async function restoreFiles(options: {
  readonly depot: Depot;
  readonly commit: string;
  readonly paths: readonly BytePath[] | null;
  readonly directory: string;
  /** For an index while it runs; not in the directory. */
  readonly indexFile: string;
}): Promise<void> {
  const { depot, commit, paths, directory, indexFile } = options;
  await mkdir(directory, { recursive: true });
  const call = {
    gitDir: depot.fillDirectory,
    objectDirectory: join(depot.path, 'objects'),
    indexFile,
    workTree: directory,
    durable: false,
  };
  try {
    await git(['read-tree', commit], call);
    if (paths === null) await git(['checkout-index', '--all'], call);
    else {
      const input = Buffer.from(paths.map((path) => `${path}\0`).join(''), 'latin1');
      await git(['checkout-index', '-z', '--stdin'], { ...call, input });
    }
  } finally {
    await rm(indexFile, { force: true });
  }
}

export type BranchMade =
  | { readonly kind: 'made' }
  /** It stands there already: at this very commit, or at another. */
  | { readonly kind: 'exists'; readonly commit: string | null }
  | { readonly kind: 'refused'; readonly why: string };

/** Makes a branch in the operator's repository where there is none. No working tree and no other ref is touched. */
export async function makeBranch(options: {
  readonly repository: Repository;
  readonly depot: Depot;
  /** Full name. */
  readonly ref: string;
  readonly commit: string;
}): Promise<BranchMade> {
  const { repository, depot, ref, commit } = options;
  const before = await existing(repository, ref);
  if (before !== null) return before;
  try {
    await fetchCommit({ into: repository.commonDirectory, from: depot.path, commit });
    const args = ['update-ref', '--no-deref', '-m', 'yard: restore salvaged work', ref, commit, noCommit(repository)];
    await git(args, { gitDir: repository.commonDirectory, env: COMMITTER });
    return { kind: 'made' };
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
    return (await existing(repository, ref)) ?? { kind: 'refused', why: error.stderr.trim() || error.message };
  }
}

async function existing(repository: Repository, ref: string): Promise<(BranchMade & { kind: 'exists' }) | null> {
  const state = await readTarget(repository, ref);
  if (state.kind === 'missing') return null;
  return { kind: 'exists', commit: state.kind === 'commit' ? state.commit : null };
}

/** In the operator's reflog. */
const COMMITTER = { GIT_COMMITTER_NAME: 'Yardmaster', GIT_COMMITTER_EMAIL: 'yardmaster@localhost' };
