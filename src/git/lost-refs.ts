import { join } from 'node:path';

import { writeFile } from '../process/file-system.ts';
import { syncDirectory, syncFile } from '../process/file.ts';
import { listRefs, resolveAll, setRefs } from './depot.ts';
import type { Depot } from './depot.ts';

/** In the depot: a line for each ref that was put aside, `<ref> <id>`. No ref: git walks them all. */
export const BROKEN_REFS = 'broken-refs';

/**
 * Puts aside the refs below a prefix that name an object which the depot has lost: they hold nothing any more, and no git
 * can fetch into a repository that has one. Returns their names; what they named is written down.
 */
export async function putAsideLostRefs(depot: Depot, prefix: string, except?: string): Promise<string[]> {
  const refs = [...(await listRefs(depot, prefix))].filter(([ref]) => ref !== except);
  const kinds = await resolveAll(
    depot,
    refs.map(([, oid]) => oid),
  );
  const lost = refs.filter((_, index) => kinds[index] === null);
  if (lost.length === 0) return [];
  const file = join(depot.path, BROKEN_REFS);
  await writeFile(file, lost.map(([ref, oid]) => `${ref} ${oid}\n`).join(''), { flag: 'a' });
  await syncFile(file);
  await syncDirectory(depot.path);
  await setRefs(depot, Object.fromEntries(lost.map(([ref]) => [ref, null])));
  for (const [ref] of lost) await depot.onMended?.({ what: 'broken-ref', path: join(depot.path, ref) });
  return lost.map(([ref]) => ref);
}
