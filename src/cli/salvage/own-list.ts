import { inDepot } from '../../git/depot.ts';
import { git } from '../../git/git.ts';
import type { Find } from './finds.ts';

/** A commit (or tag) that the agent itself made. */
export interface OwnCommit {
  readonly commit: string;
  readonly subject: string;
}

export async function ownCommits({ own }: Find): Promise<OwnCommit[]> {
  if (own === null) return [];
  const args = ['for-each-ref', '--format=%(objectname)%00%(subject)', own.prefix];
  const { stdout } = await git(args, inDepot(own.depot));
  return stdout
    .toString('utf8')
    .split('\n')
    .flatMap((line) => {
      const [commit = '', subject = ''] = line.split('\0');
      return commit === '' ? [] : [{ commit, subject }];
    });
}
