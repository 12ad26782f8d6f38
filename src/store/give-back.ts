import { faultOf } from '../core/machine-fault.ts';
import type { Fence } from '../core/lease.ts';
import type { Store } from './store.ts';

/**
 * Gives a lease back at the end of its holder. Where the machine does not let it be written, it stays as it is: a lease
 * is void as soon as its holder's process has ended.
 */
export async function giveBack(store: Pick<Store, 'release'>, fence: Fence, lost: AbortSignal): Promise<void> {
  if (lost.aborted) return;
  try {
    await store.release(fence);
  } catch (error) {
    if (faultOf(error) === null) throw error;
  }
}
