import { realpathSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';

import { UserError } from '../../core/user-error.ts';
import { obstacleAt } from '../../git/restore.ts';
import { nearestDirectory } from '../doctor/machine-checks.ts';

/** The absolute path of a directory that may be filled. @throws UserError `directory-not-empty`: it is not new or empty. */
export function newDirectory(cwd: string, name: string): string {
  const directory = resolve(cwd, name);
  const obstacle = obstacleAt(directory) ?? notOurs(directory);
  if (obstacle === null) return directory;
  throw new UserError({
    code: 'directory-not-empty',
    message: `${directory} cannot be written to: ${obstacle}; nothing was changed`,
    hint: 'Name a directory that is new or empty: --to DIR',
  });
}

/** Git's directories and the yard's own are no place for files of others. */
function notOurs(directory: string): string | null {
  const there = nearestDirectory(directory);
  const real = join(realpathSync(there), relative(there, directory));
  const own = real.split(sep).find((part) => ['.git', '.yard'].includes(part.toLowerCase()));
  return own === undefined ? null : `it is inside ${own}`;
}
