import { git } from './git.ts';
import type { Repository } from './repository.ts';

/** Whether the operator's git ignores a path of the checkout. A path that is tracked is not ignored. */
export async function isIgnored({ root }: Repository, path: string): Promise<boolean> {
  const { code } = await git(['check-ignore', '--quiet', '--', path], { gitDir: null, cwd: root, answers: [0, 1] });
  return code === 0;
}

/** Whether a path of the checkout is in the operator's index. */
export async function isTracked({ root }: Repository, path: string): Promise<boolean> {
  const args = ['ls-files', '--error-unmatch', '--', `:(literal)${path}`];
  const { code } = await git(args, { gitDir: null, cwd: root, answers: [0, 1] });
  return code === 0;
}
