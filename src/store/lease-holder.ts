import type { Lease } from '../core/lease.ts';
import { currentBootId, isAlive } from '../process/identity.ts';

/** The owner of the lease lives and has renewed it in time. */
export function isHeld(lease: Lease, monotonicMs: number): boolean {
  return (
    lease.owner !== null &&
    lease.bootId === currentBootId() &&
    monotonicMs < lease.expiresMonotonicMs &&
    isAlive(lease.owner)
  );
}
