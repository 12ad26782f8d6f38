import { dirname, join } from 'node:path';

import type { Signature } from './fast-import.ts';
import { git, gitLine } from './git.ts';
import type { GitCall } from './git.ts';
import { mkdir, writeFile } from '../process/file-system.ts';

export interface NewRepository {
  /** Absolute path of the working tree; it is made, or empty. */
  readonly path: string;
  readonly branch: string;
  /** Content by path. */
  readonly files: ReadonlyMap<string, string>;
  readonly author: Signature;
  readonly message: string;
}

/**
 * Makes a repository with one commit, checked out, and returns that commit. Nothing of the operator's has a part in
 * it: no configuration, no identity, no template, no hook, no signature. Not synced to disk.
 */
export async function makeRepository({ path, branch, files, author, message }: NewRepository): Promise<string> {
  for (const [name, text] of files) {
    await mkdir(dirname(join(path, name)), { recursive: true });
    await writeFile(join(path, name), text);
  }
  const call: GitCall = {
    gitDir: join(path, '.git'),
    workTree: path,
    durable: false,
    env: {
      GIT_AUTHOR_NAME: author.name,
      GIT_AUTHOR_EMAIL: author.email,
      GIT_COMMITTER_NAME: author.name,
      GIT_COMMITTER_EMAIL: author.email,
    },
  };
  await git(['init', '--quiet', '--template=', `--initial-branch=${branch}`], call);
  // What the operator ignores everywhere must not be missing here.
  await git(['config', 'core.excludesFile', '/dev/null'], call);
  await git(['add', '--all', '--force'], call);
  await git(['commit', '--quiet', '--no-verify', '--cleanup=verbatim', `--message=${message}`], call);
  return gitLine(['rev-parse', '--verify', 'HEAD'], call);
}
