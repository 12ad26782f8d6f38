import { listRefs } from './depot.ts';
import type { Depot } from './depot.ts';
import { baseRef, baseRefs, laneRef, laneRefs } from './lane-names.ts';

/** What the lane was last to be filled with, by the newest attempt that began to; null where that is the base alone. */
export async function newestContent(depot: Depot, taskId: string): Promise<string | null> {
  const refs = await listRefs(depot, laneRefs(taskId), baseRefs(taskId));
  const prefix = `${laneRefs(taskId)}/`;
  const tokens = [...refs.keys()].flatMap((ref) => (ref.startsWith(prefix) ? Number(ref.slice(prefix.length)) : []));
  const newest = Math.max(...tokens);
  const content = refs.get(laneRef(taskId, newest)) ?? null;
  return content === refs.get(baseRef(taskId, newest)) ? null : content;
}
