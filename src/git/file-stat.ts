import { toText } from './byte-path.ts';
import type { BytePath } from './byte-path.ts';
import { inDepot } from './depot.ts';
import type { Depot } from './depot.ts';
import { git } from './git.ts';

/** A file that differs between two commits. */
export interface FileStat {
  readonly path: BytePath;
  readonly status: 'added' | 'changed' | 'deleted';
  /** Lines; null for what is no text. */
  readonly added: number | null;
  readonly deleted: number | null;
}

/** What differs, by path, with numbers of lines; renames are a deletion and an addition. */
export async function statFiles(depot: Depot, from: string, to: string): Promise<FileStat[]> {
  const form = ['-r', '-z', '--no-renames', '--no-ext-diff', '--no-textconv', '--end-of-options', from, to];
  const call = inDepot(depot);
  const names = (await git(['diff-tree', '--name-status', ...form], call)).stdout.toString('latin1').split('\0');
  const status = new Map<string, FileStat['status']>();
  for (let at = 0; at + 1 < names.length; at += 2) {
    status.set(names[at + 1] ?? '', names[at] === 'A' ? 'added' : names[at] === 'D' ? 'deleted' : 'changed');
  }
  const numbers = (await git(['diff-tree', '--numstat', ...form], call)).stdout.toString('latin1').split('\0');
  return numbers.flatMap((line) => {
    const [added, deleted, ...rest] = line.split('\t');
    const path = rest.join('\t');
    if (added === undefined || deleted === undefined || path === '') return [];
    return [{ path, status: status.get(path) ?? 'changed', added: count(added), deleted: count(deleted) }];
  });
}

/** `-` stands for a file that is no text. */
function count(text: string): number | null {
  return text === '-' ? null : Number(text);
}

/** Paths as text, for JSON. */
export function toJsonStat({ path, ...rest }: FileStat): Omit<FileStat, 'path'> & { readonly path: string } {
  return { path: toText(path), ...rest };
}
