import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';

import { orNull } from '../process/errno.ts';

/** The main working tree, and those that git has linked to it. */
export function workTrees(commonDirectory: string): string[] {
  const main = basename(commonDirectory) === '.git' ? dirname(commonDirectory) : null;
  const names = orNull(() => readdirSync(join(commonDirectory, 'worktrees'))) ?? [];
  const linked = names.flatMap((name) => {
    const directory = join(commonDirectory, 'worktrees', name);
    const file = orNull(() => readFileSync(join(directory, 'gitdir'), 'utf8'));
    // Git may be told to write relative paths.
    return file === null ? [] : [dirname(resolve(directory, file.trim()))];
  });
  return [...(main === null ? [] : [main]), ...linked].filter((path) => path !== sep);
}
