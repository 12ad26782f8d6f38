import { existsSync, lstatSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** A file in a lane's git directory that says which task it belongs to; `yard` in a lane refuses. */
export const LANE_MARK = 'yardmaster-lane';

export interface Location {
  /** Top of the working tree. */
  readonly root: string;
  /** Git's common directory, links resolved. */
  readonly commonDirectory: string;
}

/**
 * Finds the repository of a directory by reading git's files (gitrepository-layout(5)), without starting git: for
 * commands that only look. Null where git itself had better be asked.
 */
export function locateRepository(cwd: string): Location | null {
  for (let root = resolve(cwd); ; root = dirname(root)) {
    const dotGit = join(root, '.git');
    const stat = lstatSync(dotGit, { throwIfNoEntry: false });
    if (stat !== undefined) {
      const gitDirectory = stat.isDirectory() ? dotGit : readLink(dotGit, root);
      if (gitDirectory === null || !existsSync(join(gitDirectory, 'HEAD'))) return null;
      const commonFile = join(gitDirectory, 'commondir');
      const common = existsSync(commonFile)
        ? resolve(gitDirectory, readFileSync(commonFile, 'utf8').trim())
        : gitDirectory;
      // A lane is no place to run from, and git's own finder says so.
      if (existsSync(join(common, LANE_MARK))) return null;
      return { root: realpathSync(root), commonDirectory: realpathSync(common) };
    }
    if (dirname(root) === root) return null;
  }
}

/** `gitdir: <path>`, of a linked working tree. */
function readLink(file: string, root: string): string | null {
  const match = /^gitdir: (.+)$/m.exec(readFileSync(file, 'utf8'));
  return match?.[1] === undefined ? null : resolve(root, match[1].trim());
}
