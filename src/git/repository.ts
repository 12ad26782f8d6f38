import { existsSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { UserError } from '../core/user-error.ts';
import type { ObjectFormat } from './blob.ts';
import { git } from './git.ts';
import { LANE_MARK } from './locate.ts';

/** The operator's repository. Yardmaster writes nothing in it but the target branch. */
export interface Repository {
  /** Top of the working tree that the command runs in. */
  readonly root: string;
  /** Git's common directory, links resolved: all working trees of a repository share it. */
  readonly commonDirectory: string;
  /** For messages and the state directory's name. */
  readonly name: string;
  readonly format: ObjectFormat;
  readonly shallow: boolean;
}

/** Finds the repository of a directory. @throws UserError `no-repository`, `bare-repository`, `in-a-lane`. */
export async function findRepository(cwd: string): Promise<Repository> {
  const args = [
    'rev-parse',
    '--path-format=absolute',
    '--is-bare-repository',
    '--is-shallow-repository',
    '--show-object-format',
    '--git-common-dir',
    '--show-toplevel',
  ];
  const answer = await git(args, { gitDir: null, cwd, answers: [0, 128] });
  const [bare, shallow, format, common, root] = answer.stdout.toString('utf8').split('\n');
  if (bare === 'true') {
    throw new UserError({
      code: 'bare-repository',
      message: `${cwd} is in a bare repository, which has no files to configure a yard in`,
      hint: 'Clone it, and run yard in the clone.',
    });
  }
  if (answer.code !== 0 || common === undefined || root === undefined) throw noRepository(cwd, answer.stderr);
  const commonDirectory = realpathSync(common);
  if (existsSync(join(commonDirectory, LANE_MARK))) {
    throw new UserError({
      code: 'in-a-lane',
      message: `${cwd} is in a lane, the checkout of an agent`,
      hint: 'Run yard in your own checkout of the repository.',
    });
  }
  if (format !== 'sha1' && format !== 'sha256') throw new Error(`git knows an object format ${format}`);
  return {
    root: realpathSync(root),
    commonDirectory,
    name: nameOf(commonDirectory),
    format,
    shallow: shallow === 'true',
  };
}

function noRepository(cwd: string, stderr: string): UserError {
  if (stderr.includes('dubious ownership')) {
    return new UserError({
      code: 'foreign-repository',
      message: `${cwd} is in a repository that belongs to another user`,
      hint: `Trust it with: git config --global --add safe.directory ${cwd}`,
    });
  }
  if (!stderr.includes('not a git repository') && !stderr.includes('must be run in a work tree')) {
    return new UserError({
      code: 'no-repository',
      message: `git cannot read the repository of ${cwd}: ${stderr.trim()}`,
      hint: 'See what git says to: git status',
    });
  }
  return new UserError({
    code: 'no-repository',
    message: `${cwd} is in no checkout of a git repository`,
    hint: 'Go to a checkout of your repository, or make one with: git init && git add -A && git commit.',
  });
}

function nameOf(commonDirectory: string): string {
  const inner = basename(commonDirectory);
  return (inner === '.git' ? basename(dirname(commonDirectory)) : inner.replace(/\.git$/, '')) || 'repository';
}

export function toRefName(branch: string): string {
  return `refs/heads/${branch}`;
}

/** One value of the operator's own configuration, or null. */
export async function configValue(repository: Repository, key: string, type?: 'path' | 'bool'): Promise<string | null> {
  const args = ['config', ...(type === undefined ? [] : [`--type=${type}`]), '--get', key];
  const { code, stdout } = await git(args, { gitDir: null, cwd: repository.root, answers: [0, 1] });
  return code === 0 ? stdout.toString('utf8').trimEnd() : null;
}

/** The commit that the operator's working tree stands on, and the branch, if any. */
export async function currentCommit(repository: Repository): Promise<{ commit: string; branch: string | null } | null> {
  const call = { gitDir: null, cwd: repository.root, answers: [0, 1, 128] };
  const head = await git(['rev-parse', '--verify', '--quiet', 'HEAD^{commit}'], call);
  if (head.code !== 0) return null;
  // Not `--short`, which says `heads/main` where there is a tag `main` too.
  const ref = (await git(['symbolic-ref', '--quiet', 'HEAD'], call)).stdout.toString('utf8').trim();
  const branch = ref.startsWith('refs/heads/') ? ref.slice('refs/heads/'.length) : null;
  return { commit: head.stdout.toString('latin1').trim(), branch };
}
