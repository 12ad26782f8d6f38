import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { UserError } from '../core/user-error.ts';
import { errnoOf } from '../process/errno.ts';
import { quote } from './quote.ts';
import { mkdir } from '../process/file-system.ts';

export interface StateDirectoryInputs {
  /** Real path of git's common directory: all worktrees of a repository have the same. */
  readonly commonDirectory: string;
  readonly home: string;
  /** `YARD_STATE_DIR` and `XDG_STATE_HOME` are looked at. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/**
 * Where the yard of a repository keeps its state: `$YARD_STATE_DIR`, else
 * `<XDG state home>/yardmaster/<name>-<hash of the common directory>`.
 */
export function stateDirectory({ commonDirectory, home, environment }: StateDirectoryInputs): string {
  const own = environment['YARD_STATE_DIR'];
  if (own !== undefined && own !== '') {
    if (isAbsolute(own)) return resolve(own);
    throw new UserError({
      code: 'state-directory-relative',
      message: `YARD_STATE_DIR is ${quote(own, 200)}, which is another directory from wherever it is used`,
      hint: 'Set it to an absolute path, or unset it.',
    });
  }
  const xdg = environment['XDG_STATE_HOME'];
  // The XDG specification has relative paths ignored.
  const stateHome = xdg !== undefined && isAbsolute(xdg) ? xdg : join(home, '.local', 'state');
  const hash = createHash('sha256').update(commonDirectory).digest('hex').slice(0, 12);
  return join(stateHome, 'yardmaster', `${repositoryName(commonDirectory)}-${hash}`);
}

/** The repository's name as part of a path: of `/x/shop/.git` and of `/x/shop.git` it is `shop`. */
export function repositoryName(commonDirectory: string): string {
  const last = basename(commonDirectory);
  const name = last === '.git' ? basename(dirname(commonDirectory)) : last.replace(/\.git$/, '');
  const safe = name
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[.-]+/, '')
    .slice(0, 50);
  return safe === '' ? 'repository' : safe;
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'you have no permission',
  EPERM: 'you have no permission',
  EROFS: 'the file system is read-only',
  ENOTDIR: 'a part of the path is a file',
  EEXIST: 'a file stands in its place',
  ENOSPC: 'the disk is full',
  EDQUOT: 'your quota is used up',
  ENAMETOOLONG: 'the path is too long',
  ELOOP: 'the path leads through a loop of links',
  ENOENT: 'a link on the path leads nowhere',
};

/** Makes the directory for its owner alone, if it is not there. Throws a UserError (`state-not-writable`). */
export async function makeStateDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    if (!(await stat(path)).isDirectory()) throw notWritable(path, 'a file stands in its place');
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const reason = REASONS[errnoOf(error) ?? ''];
    if (reason === undefined) throw error;
    throw notWritable(path, reason, error);
  }
}

function notWritable(path: string, reason: string, cause?: unknown): UserError {
  return new UserError({
    code: 'state-not-writable',
    message: `the state directory ${path} cannot be written to: ${reason}`,
    hint: 'Make it writable, or name another one in YARD_STATE_DIR.',
    cause,
  });
}
