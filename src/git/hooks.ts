import { readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { git } from './git.ts';
import type { Repository } from './repository.ts';

/** Names of the operator's own hooks, as git would run them for that person. */
export async function hooksOf(repository: Repository): Promise<string[]> {
  const configured = (await hooksPath(repository, '--local')) ?? (await hooksPath(repository, '--global'));
  const directory =
    configured === null ? join(repository.commonDirectory, 'hooks') : resolve(repository.root, configured);
  if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true) return [];
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => !entry.isDirectory() && !entry.name.endsWith('.sample'))
    .map(({ name }) => name)
    .toSorted();
}

/** From one file: what our own calls say of hooks does not count. */
async function hooksPath({ root }: Repository, file: '--local' | '--global'): Promise<string | null> {
  const args = ['config', file, '--type=path', '--get', 'core.hooksPath'];
  const { code, stdout } = await git(args, { gitDir: null, cwd: root, answers: [0, 1] });
  return code === 0 ? stdout.toString('utf8').trimEnd() : null;
}
