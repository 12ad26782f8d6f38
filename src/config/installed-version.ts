import { lstatSync, readFileSync, realpathSync } from 'node:fs';
import { isAbsolute, join, relative, sep } from 'node:path';

import { UserError } from '../core/user-error.ts';
import { quote } from './quote.ts';

/*
 * Versions of Yardmaster beside this one, in a directory of the operator's. Invariants:
 * 1. What is run lies outside the repository, in directories and files of the operator (or root) that nobody else may
 *    write, with no link on the way.
 * 2. It is the version that it is run for: its own package.json says so.
 */

export type InstalledVersion =
  | { readonly kind: 'installed'; readonly script: string }
  | { readonly kind: 'missing' }
  | { readonly kind: 'refused'; readonly why: string };

export const PACKAGE = 'yardmaster';
/** Below the directory of a version, as npm puts it there. */
const PACKAGE_PLACE = ['node_modules', PACKAGE];
const SCRIPT_PLACE = ['bin', 'yard.js'];

/**
 * Where versions are installed, each in a directory named by it: `YARD_VERSIONS_DIR`, else `yardmaster/versions` in the
 * XDG data home. @throws UserError `versions-directory-relative`: it would lie in whatever repository one stands in.
 */
export function versionsDirectory(environment: Readonly<Record<string, string | undefined>>, home: string): string {
  const own = environment['YARD_VERSIONS_DIR'] ?? '';
  if (own !== '') {
    if (isAbsolute(own)) return own;
    throw new UserError({
      code: 'versions-directory-relative',
      message: `YARD_VERSIONS_DIR is ${quote(own, 200)}, which is another directory from wherever it is used`,
      hint: 'Set it to an absolute path, or unset it.',
    });
  }
  const xdg = environment['XDG_DATA_HOME'];
  const dataHome = xdg !== undefined && isAbsolute(xdg) ? xdg : join(home, '.local', 'share');
  return join(dataHome, PACKAGE, 'versions');
}

/** @param root of the repository's working tree. */
export function findInstalled(directory: string, version: string, root: string): InstalledVersion {
  if (lstatSync(join(directory, version), { throwIfNoEntry: false }) === undefined) return { kind: 'missing' };
  const real = realpathSync(directory);
  if (isWithin(real, realpathSync(root))) return refused(`${directory} lies inside the repository`);
  const packagePlace = [version, ...PACKAGE_PLACE];
  let path = real;
  const why = [null, ...packagePlace].map((name) => {
    path = name === null ? path : join(path, name);
    return distrust(path);
  });
  const script = join(path, ...SCRIPT_PLACE);
  why.push(distrust(join(path, 'package.json')), distrust(join(path, 'bin')), distrust(script));
  const first = why.find((each) => each !== null) ?? null;
  if (first !== null) return refused(first);
  const found = versionOf(path);
  return found === version
    ? { kind: 'installed', script }
    : refused(`${path} holds ${found ?? 'no version that it names'}`);
}

/** As its package.json says; null when that says none. */
export function versionOf(packageDirectory: string): string | null {
  try {
    const manifest = JSON.parse(readFileSync(join(packageDirectory, 'package.json'), 'utf8')) as unknown;
    if (manifest === null || typeof manifest !== 'object' || !('version' in manifest)) return null;
    return typeof manifest.version === 'string' ? manifest.version : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** The package, in a directory that npm was told to install into. */
export function packageIn(prefix: string): string {
  return join(prefix, ...PACKAGE_PLACE);
}

function refused(why: string): InstalledVersion {
  return { kind: 'refused', why };
}

/** Why others might decide what stands there; null when they cannot. */
function distrust(path: string): string | null {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return `${path} is missing`;
  if (stat.isSymbolicLink()) return `${path} is a link`;
  // Windows has neither owners nor modes of this kind.
  const [user, group] = [process.getuid?.(), process.getgid?.()];
  if (user === undefined) return null;
  if (stat.uid !== user && stat.uid !== 0) return `${path} belongs to another user`;
  if ((stat.mode & 0o002) !== 0) return `everybody may write to ${path}`;
  // With a group of one's own, a umask of 002 is usual.
  if ((stat.mode & 0o020) !== 0 && stat.gid !== group) return `a group may write to ${path}`;
  return null;
}

function isWithin(path: string, directory: string): boolean {
  const way = relative(directory, path);
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way));
}
