import { git } from './git.ts';
import type { Repository } from './repository.ts';

/** The oldest git that every part of Yardmaster was tried with. */
export const OLDEST_GIT = '2.39.4';

/** The version of the git on PATH, such as `2.39.5`. @throws UserError `git-missing`. */
export async function gitVersion(): Promise<string> {
  const { stdout } = await git(['version'], { gitDir: null, cwd: '/' });
  const text = stdout.toString('utf8').trim();
  return /(\d+(?:\.\d+)+)/.exec(text)?.[1] ?? text;
}

/** True when `version` is not older than `oldest`; compared number by number. */
export function isAtLeast(version: string, oldest: string): boolean {
  const [left, right] = [version, oldest].map((text) => text.split('.').map(Number));
  for (const [index, wanted] of (right ?? []).entries()) {
    const has = left?.[index] ?? 0;
    if (has !== wanted) return has > wanted;
  }
  return true;
}

/** Whether this git merges in memory. Asks for the usage text, so that nothing is written anywhere. */
export async function canMergeInMemory(): Promise<boolean> {
  const { stdout, stderr } = await git(['merge-tree', '-h'], { gitDir: null, cwd: '/', answers: [0, 129] });
  return `${stdout.toString('utf8')}${stderr}`.includes('--write-tree');
}

/** Whether `known` still lies behind `head` in the operator's repository; false too when it is not even there. */
export async function stillHolds(repository: Repository, known: string, head: string): Promise<boolean> {
  const { code } = await git(['merge-base', '--is-ancestor', known, head], {
    gitDir: repository.commonDirectory,
    answers: [0, 1, 128],
  });
  return code === 0;
}
