import { inDepot } from './depot.ts';
import type { Depot } from './depot.ts';
import { git } from './git.ts';
import type { TreeEntry } from './tree.ts';

/**
 * The tree of nothing but these files, which the depot holds already; written into the depot.
 * @param indexFile a path of nobody else; left there.
 */
export async function partialTree(depot: Depot, entries: readonly TreeEntry[], indexFile: string): Promise<string> {
  const call = { ...inDepot(depot), indexFile };
  const lines = entries.map(({ mode, oid, path }) => `${mode.toString(8)} ${oid}\t${path}\0`);
  await git(['update-index', '-z', '--index-info'], { ...call, input: Buffer.from(lines.join(''), 'latin1') });
  const { stdout } = await git(['write-tree'], call);
  return stdout.toString('latin1').trim();
}
