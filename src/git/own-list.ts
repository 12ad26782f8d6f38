import { inDepot } from './depot.ts';
import type { Depot } from './depot.ts';
import { git } from './git.ts';

/** A commit (or tag) that an agent itself made. */
export interface OwnCommit {
  readonly commit: string;
  readonly subject: string;
}

/** Those that were kept under this prefix of refs. */
export async function listOwnCommits(depot: Depot, prefix: string): Promise<OwnCommit[]> {
  const args = ['for-each-ref', '--format=%(objectname)%00%(subject)', prefix];
  const { stdout } = await git(args, inDepot(depot));
  return stdout
    .toString('utf8')
    .split('\n')
    .flatMap((line) => {
      const [commit = '', subject = ''] = line.split('\0');
      return commit === '' ? [] : [{ commit, subject }];
    });
}
