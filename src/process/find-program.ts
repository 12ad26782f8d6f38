import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';

import { errnoOf } from './errno.ts';

/** The real path of the first program of that name on `path`, the value of PATH; null where there is none. */
export function findProgram(name: string, path: string): string | null {
  for (const directory of path.split(delimiter)) {
    if (!isAbsolute(directory)) continue;
    const file = join(directory, name);
    try {
      accessSync(file, constants.X_OK);
      if (statSync(file).isFile()) return realpathSync(file);
    } catch (error) {
      // Not there, or not to be run by us: the next directory may have one.
      if (errnoOf(error) === null) throw error;
    }
  }
  return null;
}
