import type { Fence, Lease, LeaseResource } from '../core/lease.ts';
import type { ProcessIdentity } from '../core/process-identity.ts';
import { toLease } from './sqlite-rows.ts';
import { StaleTokenError } from './store.ts';
import type { Acquired } from './store.ts';
import type { Write } from './write.ts';
import { isDefective } from '../process/failpoint.ts';

/** Throws {@link StaleTokenError} unless the lease is held with exactly this token, and is one on `resource` if given. */
export async function requireFence(write: Write, fence: Fence, resource = fence.resource): Promise<void> {
  const held =
    fence.resource === resource &&
    (await write.db
      .selectFrom('leases')
      .select('token')
      .where('resource', '=', resource)
      .where('token', '=', fence.token)
      .where('held', '=', 1)
      .executeTakeFirst());
  if (!held && !isDefective('stale-token-accepted')) throw new StaleTokenError(fence);
}

export async function acquireLease(
  write: Write,
  resource: LeaseResource,
  owner: ProcessIdentity,
  expiresMonotonicMs: number,
  mayTake: (held: Lease) => boolean,
): Promise<Acquired> {
  const row = await write.db.selectFrom('leases').selectAll().where('resource', '=', resource).executeTakeFirst();
  if (row?.held === 1) {
    const lease = toLease(row);
    if (!mayTake(lease)) return { kind: 'held', lease };
  }
  const before = row === undefined ? null : { bootId: row.boot_id, expiresMonotonicMs: row.expires_ms };
  return { kind: 'acquired', fence: await handOut(write, resource, owner.bootId, owner, expiresMonotonicMs), before };
}

/** Makes the resource held under a token that is higher than any before; without an owner it waits to be claimed. */
export async function handOut(
  write: Write,
  resource: LeaseResource,
  bootId: string,
  owner: ProcessIdentity | null,
  expiresMonotonicMs: number,
): Promise<Fence> {
  const columns = {
    held: 1,
    boot_id: bootId,
    owner_pid: owner?.pid ?? null,
    owner_start: owner?.startTime ?? null,
    expires_ms: expiresMonotonicMs,
  };
  const { token } = await write.db
    .insertInto('leases')
    .values({ resource, token: 1, ...columns })
    .onConflict((conflict) =>
      conflict.column('resource').doUpdateSet((eb) => ({ ...columns, token: eb('leases.token', '+', 1) })),
    )
    .returning('token')
    .executeTakeFirstOrThrow();
  return { resource, token };
}

/** False: somebody owns it, or the token is outdated. */
export async function claimLease(
  write: Write,
  fence: Fence,
  owner: ProcessIdentity,
  expiresMonotonicMs: number,
): Promise<boolean> {
  const { numUpdatedRows } = await write.db
    .updateTable('leases')
    .set({
      boot_id: owner.bootId,
      owner_pid: owner.pid,
      owner_start: owner.startTime,
      expires_ms: expiresMonotonicMs,
    })
    .where('resource', '=', fence.resource)
    .where('token', '=', fence.token)
    .where('held', '=', 1)
    .where('owner_pid', 'is', null)
    .executeTakeFirstOrThrow();
  return numUpdatedRows === 1n;
}

export async function renewLease(write: Write, fence: Fence, expiresMonotonicMs: number): Promise<void> {
  await requireFence(write, fence);
  await write.db
    .updateTable('leases')
    .set({ expires_ms: expiresMonotonicMs })
    .where('resource', '=', fence.resource)
    .execute();
}

/** Gives it back if the fence still holds it. The token stays, spent. */
export async function releaseLease(write: Write, fence: Fence): Promise<void> {
  await write.db
    .updateTable('leases')
    .set({ held: 0, owner_pid: null, owner_start: null })
    .where('resource', '=', fence.resource)
    .where('token', '=', fence.token)
    .where('held', '=', 1)
    .execute();
}

/** Ends whatever lease there is on the resource, and raises the token above what its holder knows. */
export async function voidLease(write: Write, resource: LeaseResource): Promise<void> {
  await write.db
    .updateTable('leases')
    .set((eb) => ({ held: 0, owner_pid: null, owner_start: null, token: eb('token', '+', 1) }))
    .where('resource', '=', resource)
    .where('held', '=', 1)
    .execute();
}
