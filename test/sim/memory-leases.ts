import type { Fence, Lease, LeaseResource } from '../../src/core/lease.ts';
import type { ProcessIdentity } from '../../src/core/process-identity.ts';
import { StaleTokenError } from '../../src/store/store.ts';
import type { Store } from '../../src/store/store.ts';
import type { StoredLease } from './memory-tables.ts';
import type { Write } from './memory-write.ts';

export function toLease({ held: _, ...lease }: StoredLease): Lease {
  return Object.freeze(lease);
}

/** The lease that is held with exactly this token. */
function heldBy({ tables }: Write, { resource, token }: Fence): StoredLease | undefined {
  const lease = tables.leases.get(resource);
  return lease?.held === true && lease.token === token ? lease : undefined;
}

export function requireFence(write: Write, fence: Fence, resource = fence.resource): void {
  const isCurrent = fence.resource === resource && heldBy(write, fence) !== undefined;
  if (!isCurrent && !write.acceptsStale) throw new StaleTokenError(fence);
}

export function acquireLease(
  write: Write,
  resource: LeaseResource,
  owner: ProcessIdentity,
  expiresMonotonicMs: number,
  mayTake: (held: Lease) => boolean,
): Awaited<ReturnType<Store['acquire']>> {
  const stored = write.tables.leases.get(resource);
  if (stored?.held === true) {
    const lease = toLease(stored);
    if (!mayTake(lease)) return { kind: 'held', lease };
  }
  const before = stored === undefined ? null : { bootId: stored.bootId, expiresMonotonicMs: stored.expiresMonotonicMs };
  return { kind: 'acquired', fence: handOut(write, resource, owner.bootId, owner, expiresMonotonicMs), before };
}

/** Held under a token that is higher than any before; without an owner it waits to be claimed. */
export function handOut(
  { tables }: Write,
  resource: LeaseResource,
  bootId: string,
  owner: ProcessIdentity | null,
  expiresMonotonicMs: number,
): Fence {
  const token = (tables.leases.get(resource)?.token ?? 0) + 1;
  tables.setLease({ resource, token, held: true, bootId, owner: copyOf(owner), expiresMonotonicMs });
  return { resource, token };
}

export function claimLease(write: Write, fence: Fence, owner: ProcessIdentity, expiresMonotonicMs: number): boolean {
  const lease = heldBy(write, fence);
  if (lease === undefined || lease.owner !== null) return false;
  write.tables.setLease({ ...lease, bootId: owner.bootId, owner: copyOf(owner), expiresMonotonicMs });
  return true;
}

export function renewLease(write: Write, fence: Fence, expiresMonotonicMs: number): void {
  requireFence(write, fence);
  const lease = write.tables.leases.get(fence.resource);
  if (lease !== undefined) write.tables.setLease({ ...lease, expiresMonotonicMs });
}

export function releaseLease(write: Write, fence: Fence): void {
  const lease = heldBy(write, fence);
  if (lease !== undefined) write.tables.setLease({ ...lease, held: false, owner: null });
}

/** Ends whatever lease there is on the resource, and raises the token above what its holder knows. */
export function voidLease({ tables }: Write, resource: LeaseResource): void {
  const lease = tables.leases.get(resource);
  if (lease?.held === true) tables.setLease({ ...lease, held: false, owner: null, token: lease.token + 1 });
}

/** The row is frozen; the caller's object must not be. */
function copyOf(owner: ProcessIdentity | null): ProcessIdentity | null {
  return owner === null ? null : { ...owner };
}
