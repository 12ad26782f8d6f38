import { TARGET_RECORD } from '../git/target-sync.ts';
import { dropLostRefs } from '../git/lost-refs.ts';
import { isIntact } from '../git/object-damage.ts';
import { repairDepot } from '../git/object-repair.ts';
import type { TaskRecord } from '../store/store.ts';
import type { TrainContext } from './train-context.ts';
import type { HeadState } from './train-work.ts';

/** See `TrainWork.examineHead`. */
export async function examineHead(
  { depot, repository, stateDirectory, store, fence }: TrainContext,
  { spec, state }: TaskRecord,
): Promise<HeadState> {
  if (state.status !== 'accepted' && state.status !== 'landing') return 'intact';
  const { head, attempt } = state;
  if (await isIntact(depot, head, TARGET_RECORD)) return 'intact';
  const { setAside, restored } = await repairDepot({ depot, repository, stateDirectory, taskIds: [spec.id] });
  await store.note('depot.damaged', { head, setAside, restored }, { taskId: spec.id, attempt, fence });
  if (await isIntact(depot, head, TARGET_RECORD)) return 'mended';
  await dropLostRefs(depot, `refs/yard/attempt/${spec.id}/`);
  return 'lost';
}
