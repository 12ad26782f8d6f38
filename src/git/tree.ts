import type { BytePath } from './byte-path.ts';
import { git } from './git.ts';
import type { GitCall } from './git.ts';

export interface TreeEntry {
  readonly path: BytePath;
  readonly mode: number;
  readonly oid: string;
}

/** All files, links and submodules of a commit or tree. */
export async function listTree(call: GitCall, tree: string): Promise<TreeEntry[]> {
  const { stdout } = await listing(call, tree);
  return stdout.toString('latin1').split('\0').flatMap(parseLine);
}

/** Those of them with this name, at the top or in any directory; without making strings of all the others. */
export async function listNamed(call: GitCall, tree: string, name: string): Promise<TreeEntry[]> {
  const { stdout } = await listing(call, tree);
  const entries: TreeEntry[] = [];
  const wanted = `${name}\0`;
  for (let at = stdout.indexOf(wanted); at !== -1; at = stdout.indexOf(wanted, at + 1)) {
    const start = stdout.lastIndexOf(0, at) + 1;
    const line = stdout.toString('latin1', start, at + name.length);
    entries.push(...parseLine(line).filter(({ path }) => isNamed(path, name)));
  }
  return entries;
}

function listing(call: GitCall, tree: string): ReturnType<typeof git> {
  return git(['ls-tree', '-r', '-z', '--full-tree', tree], call);
}

function parseLine(line: string): TreeEntry[] {
  const tab = line.indexOf('\t');
  const [mode, , oid] = line.slice(0, tab).split(' ');
  if (mode === undefined || oid === undefined) return [];
  return [{ path: line.slice(tab + 1), mode: Number.parseInt(mode, 8), oid }];
}

/** True for `name` at the top or in any directory. */
export function isNamed(path: BytePath, name: string): boolean {
  return path === name || path.endsWith(`/${name}`);
}
