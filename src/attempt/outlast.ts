import { faultOf, isPassing } from '../core/machine-fault.ts';
import type { Host } from '../process/host.ts';

const RETRY_MS = 1_000;

/**
 * Does `act`, again and again while the machine has no room for it, as long as the lease holds (`signal`): the work of
 * hours is not lost for a disk that is full at its very end. Throws what `act` throws then, and everything else at once.
 */
export async function outlast<T>(host: Pick<Host, 'sleep'>, signal: AbortSignal, act: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await act();
    } catch (error) {
      if (!isPassing(faultOf(error)) || signal.aborted) throw error;
    }
    await host.sleep(RETRY_MS);
  }
}

/**
 * Does `act`; leaves it undone where the machine has no room for it at this moment. For what is said anew in a while: a full
 * disk is no reason to end an agent, which may well be done before there is room again.
 */
export async function ifThereIsRoom(act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (!isPassing(faultOf(error))) throw error;
  }
}
