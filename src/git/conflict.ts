import { toText } from './byte-path.ts';
import { inDepot, readBlobs } from './depot.ts';
import type { Depot } from './depot.ts';
import { git } from './git.ts';
import { listTree } from './tree.ts';

/** How the commit of a lane's content names the paths that have conflict markers in it. */
const TRAILER = 'Yard-Conflict: ';

export function conflictLines(paths: readonly string[]): string {
  return paths.map((path) => `${TRAILER}${JSON.stringify(path)}\n`).join('');
}

/** The paths that {@link conflictLines} wrote into a commit's message. */
export async function readConflictLines(depot: Depot, commit: string): Promise<string[]> {
  const { stdout } = await git(['cat-file', 'commit', commit], inDepot(depot));
  const lines = stdout.toString('utf8').split('\n');
  const named = lines.filter((line) => line.startsWith(TRAILER));
  return named.map((line) => JSON.parse(line.slice(TRAILER.length)) as string);
}

/** Those of the paths that have conflict markers in a commit or tree. */
export async function markedPaths(depot: Depot, tree: string, paths: readonly string[]): Promise<string[]> {
  if (paths.length === 0) return [];
  const wanted = new Set(paths);
  const found = (await listTree(inDepot(depot), tree)).filter(({ path }) => wanted.has(toText(path)));
  const blobs = await readBlobs(
    depot,
    found.map(({ oid }) => oid),
  );
  return found.filter((_, index) => hasMarkers(blobs[index])).map(({ path }) => toText(path));
}

function hasMarkers(content: Buffer | null | undefined): boolean {
  const text = content?.toString('latin1') ?? '';
  return /^<{7} /m.test(text) && /^>{7} /m.test(text);
}
