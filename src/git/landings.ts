import { git } from './git.ts';

/** A commit by which a task landed. */
export interface Landing {
  readonly commit: string;
  readonly taskId: string;
  readonly title: string;
}

/** The landings on a ref since a commit, oldest first. `gitDir` is the operator's repository or the depot. */
export async function listLandings(gitDir: string, since: string, ref: string): Promise<Landing[]> {
  const format = '%H%x00%(trailers:key=Yard-Task,valueonly,separator=%x2C)%x00%s';
  const args = [
    'log',
    '--first-parent',
    '--reverse',
    '--no-color',
    `--format=${format}`,
    '--end-of-options',
    `${since}..${ref}`,
    '--',
  ];
  const { stdout } = await git(args, { gitDir });
  const landings: Landing[] = [];
  for (const line of stdout.toString('utf8').split('\n')) {
    const [commit = '', taskId = '', title = ''] = line.split('\0');
    if (taskId !== '') landings.push({ commit, taskId, title });
  }
  return landings;
}
