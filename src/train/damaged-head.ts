import { resolve } from '../git/depot.ts';
import { putAsideLostRefs } from '../git/lost-refs.ts';
import { damagedBetween } from '../git/object-damage.ts';
import { repairObjects } from '../git/object-repair.ts';
import { TARGET_RECORD } from '../git/target-sync.ts';
import { isLaneAtRest } from '../store/lane-rest.ts';
import type { TaskRecord } from '../store/store.ts';
import type { TrainContext } from './train-context.ts';
import type { HeadState } from './train-work.ts';

/** See `TrainWork.examineHead`. */
export async function examineHead(context: TrainContext, { spec, state }: TaskRecord): Promise<HeadState> {
  const { depot, store, fence } = context;
  if (state.status !== 'accepted' && state.status !== 'landing') return 'intact';
  const { head, attempt } = state;
  const target = await resolve(depot, TARGET_RECORD);
  if (target === null) return 'intact';
  const look = (): Promise<string[]> => damagedBetween(depot, head, target);
  if ((await look()).length === 0) return 'intact';
  const isAtRest = (taskId: string): Promise<boolean> => isLaneAtRest(context, taskId);
  const { setAside, restored, left } = await repairObjects({ ...context, taskIds: [spec.id], isAtRest }, look);
  await store.note('depot.damaged', { head, setAside, restored }, { taskId: spec.id, attempt, fence });
  if (left.length === 0) return 'mended';
  // What the target lacks every other task lacks as well.
  if ((await damagedBetween(depot, target, null)).length > 0) return 'target-damaged';
  await putAsideLostRefs(depot, `refs/yard/attempt/${spec.id}/`);
  return 'lost';
}
