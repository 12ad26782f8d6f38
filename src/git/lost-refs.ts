import { listRefs, resolveAll, setRefs } from './depot.ts';
import type { Depot } from './depot.ts';

/**
 * Takes away the refs below a prefix that name an object which the depot has lost: they hold nothing any more, and no git
 * can fetch into a repository that has one.
 */
export async function dropLostRefs(depot: Depot, prefix: string): Promise<void> {
  const refs = [...(await listRefs(depot, prefix))];
  const kinds = await resolveAll(
    depot,
    refs.map(([, oid]) => oid),
  );
  const lost = refs.filter((_, index) => kinds[index] === null);
  if (lost.length > 0) await setRefs(depot, Object.fromEntries(lost.map(([ref]) => [ref, null])));
}
