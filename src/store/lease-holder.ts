import type { Lease } from '../core/lease.ts';
import type { Onlooker } from '../process/host.ts';

/** The owner of the lease lives and has renewed it in time. */
export function isHeld(lease: Lease, host: Onlooker): boolean {
  return (
    lease.owner !== null &&
    lease.bootId === host.self.bootId &&
    host.clock.monotonicMs() < lease.expiresMonotonicMs &&
    host.isAlive(lease.owner)
  );
}
