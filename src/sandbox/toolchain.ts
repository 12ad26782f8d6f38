import { existsSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import { basename, delimiter, dirname, isAbsolute, join, resolve } from 'node:path';

import { errnoOf } from '../process/errno.ts';
import { isWithin, realPath } from './mounts.ts';

/** Below a home: where version managers and language tools put programs, and no secrets. */
const TOOL_HOMES: readonly string[] = [
  '.nvm',
  '.volta',
  '.asdf',
  '.rustup',
  '.cargo/bin',
  '.pyenv',
  '.rbenv',
  '.sdkman',
  '.bun',
  '.deno',
  '.nix-profile',
  '.local/bin',
  '.local/lib',
  '.local/pipx',
  '.local/share/claude',
  '.local/share/fnm',
  '.local/share/mise',
  '.local/share/pipx',
  '.local/share/pnpm',
  '.local/share/uv',
  'go/bin',
  'miniconda3',
  'anaconda3',
];

/** What programs need of a directory that is a program's own in a home, and that holds its settings and logins too. */
const LIBRARIES: readonly string[] = [
  'lib',
  'lib32',
  'lib64',
  'libexec',
  'share',
  'include',
  'node_modules',
  'pyvenv.cfg',
];

const MODULES = '/node_modules/';
const PROGRAM_DIRECTORIES = new Set(['bin', 'sbin', '.bin', 'shims', 'libexec']);

/**
 * What of the hidden places a cell must be able to read, so that the programs of the operator's PATH run in it: the
 * directories of PATH, what they belong to, and where their links lead. Never the whole of a hidden place: a home, the
 * repository, the state directory.
 * @param hidden the hidden places, links resolved.
 */
export function toolchainPaths(path: string, home: string, hidden: readonly string[]): string[] {
  const isHidden = (at: string): boolean => hidden.some((place) => isWithin(at, place));
  const isWhole = (at: string): boolean =>
    isHomeOf(at, home) || hidden.some((place) => isWithin(place, realPath(at) ?? at));
  const places = new Set<string>();
  const add = (directory: string, file: string | null): void => {
    for (const place of installationOf(directory, home)) {
      if (!isWhole(place)) places.add(place);
      else if (file !== null) places.add(file);
    }
  };
  for (const directory of path.split(delimiter)) {
    if (!isAbsolute(directory) || !existsSync(directory)) continue;
    if (isHidden(directory)) add(directory, null);
    for (const target of linkTargets(directory)) {
      if (!isHidden(target)) continue;
      const modules = modulesAround(target);
      if (modules === null || isWhole(modules)) add(dirname(target), target);
      else places.add(modules);
    }
  }
  for (const name of TOOL_HOMES) if (existsSync(join(home, name))) places.add(join(home, name));
  return [...places].filter(isHidden);
}

/** `…/bin`, and what stands beside it: libraries, modules. Of what holds more than programs, those alone. */
function installationOf(directory: string, home: string): string[] {
  const root = dirname(directory);
  if (!PROGRAM_DIRECTORIES.has(basename(directory)) || resolve(root) === join(home, '.local')) return [directory];
  const isSettings = basename(root).startsWith('.') && isHomeOf(dirname(root), home);
  if (!isSettings || basename(directory) === '.bin') return [directory, root];
  return [directory, ...LIBRARIES.map((name) => join(root, name)).filter((path) => existsSync(path))];
}

/** The outermost `node_modules` around a file: a package finds the others that it needs beside it, or further out. */
export function modulesAround(file: string): string | null {
  const end = file.indexOf(MODULES);
  return end === -1 ? null : file.slice(0, end + MODULES.length - 1);
}

/** This user's home, or another's. */
function isHomeOf(path: string, home: string): boolean {
  const at = resolve(path);
  return at === resolve(home) || at === realPath(home) || at === '/root' || dirname(at) === '/home';
}

/** What was found in a directory, for as long as no name in it changes: every cell of a process asks for the same. */
const known = new Map<string, { readonly changedMs: number; readonly targets: readonly string[] }>();

/** Where the links of a directory lead, those to a neighbour left out. */
function linkTargets(directory: string): readonly string[] {
  try {
    const changedMs = statSync(directory).ctimeMs;
    const found = known.get(directory);
    if (found?.changedMs === changedMs) return found.targets;
    const targets = readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
      const link = join(directory, entry.name);
      if (!entry.isSymbolicLink() || !readlinkSync(link).includes('/')) return [];
      return realPath(link) ?? [];
    });
    known.set(directory, { changedMs, targets });
    return targets;
  } catch (error) {
    if (errnoOf(error) === null) throw error;
    return [];
  }
}
