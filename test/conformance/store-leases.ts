import { describe, expect, test } from 'vitest';
import { taskResource } from '../../src/core/lease.ts';
import type { Fence } from '../../src/core/lease.ts';
import { BOOT, EXPIRES_MS, TestYard, processIdentity } from './store-yard.ts';
import type { MakeStore } from './store-yard.ts';

export function leaseTests(make: MakeStore): void {
  describe('leases', () => {
    test('a free resource is acquired, and told with its owner', async () => {
      const { store, scheduler } = await TestYard.make(make);
      expect(await store.lease('scheduler')).toEqual({
        resource: 'scheduler',
        token: scheduler.token,
        owner: processIdentity(1),
        bootId: BOOT,
        expiresMonotonicMs: EXPIRES_MS,
      });
      expect((await store.leases()).map(({ resource }) => resource).toSorted()).toEqual(['scheduler', 'train']);
    });

    test('a held resource is told, and left alone unless its holder is gone', async () => {
      const { store, scheduler } = await TestYard.make(make);
      const held = await store.lease('scheduler');
      const asked: unknown[] = [];
      const refused = await store.acquire('scheduler', processIdentity(9), 5, (lease) => {
        asked.push(lease);
        return false;
      });
      expect(asked).toEqual([held]);
      expect(refused).toEqual({ kind: 'held', lease: held });
      expect(await store.lease('scheduler')).toEqual(held);

      const taken = await store.acquire('scheduler', processIdentity(9), 5, () => true);
      expect(taken).toEqual({
        kind: 'acquired',
        fence: { resource: 'scheduler', token: scheduler.token + 1 },
        before: { bootId: BOOT, expiresMonotonicMs: EXPIRES_MS },
      });
      await expect(store.renew(scheduler, 10)).rejects.toMatchObject({ code: 'stale-token' });
    });

    test('nobody is asked about a resource that is free', async () => {
      const { store, scheduler } = await TestYard.make(make);
      await store.release(scheduler);
      expect(await store.lease('scheduler')).toBeNull();
      const taken = await store.acquire('scheduler', processIdentity(9), 5, () => {
        throw new Error('asked');
      });
      // When its last holder last lived is told also after it gave the lease back.
      expect(taken).toMatchObject({ kind: 'acquired', before: { bootId: BOOT, expiresMonotonicMs: EXPIRES_MS } });
      expect(await store.acquire('slot:1', processIdentity(9), 5, () => false)).toMatchObject({ before: null });
    });

    test('an error of the question leaves the lease as it is', async () => {
      const yard = await TestYard.make(make);
      const before = await yard.dump();
      await expect(
        yard.store.acquire('scheduler', processIdentity(9), 5, () => {
          throw new Error('the process table cannot be read');
        }),
      ).rejects.toThrow('process table');
      expect(await yard.dump()).toEqual(before);
      await yard.store.renew(yard.scheduler, 10);
    });

    test('tokens only grow, over release, take-over, loss and withdrawal', async () => {
      const yard = await TestYard.make(make);
      const tokens: number[] = [yard.scheduler.token];
      let fence: Fence = yard.scheduler;
      for (let round = 0; round < 6; round += 1) {
        if (round % 2 === 0) await yard.store.release(fence);
        const taken = await yard.other.acquire('scheduler', processIdentity(round), 5, () => true);
        if (taken.kind === 'held') throw new Error('held');
        fence = taken.fence;
        tokens.push(fence.token);
      }
      expect(tokens).toEqual([...new Set(tokens)].toSorted((a, b) => a - b));
    });

    test('tokens of a task only grow over its attempts', async () => {
      const yard = await TestYard.make(make);
      const first = await yard.running('T-1');
      await yard.store.finish(first.fence, 'T-1', 1, { kind: 'no-change' });
      const second = await yard.dispatch('T-1');
      await yard.store.lose(yard.scheduler, second.fence, 'T-1', 2, { kind: 'lost', why: 'killed' });
      const third = await yard.dispatch('T-1');
      expect(second.fence.token).toBeGreaterThan(first.fence.token);
      expect(third.fence.token).toBeGreaterThan(second.fence.token);
    });

    test('renewing moves the expiry only', async () => {
      const { store, scheduler } = await TestYard.make(make);
      const before = await store.lease('scheduler');
      await store.renew(scheduler, 123_456.5);
      expect(await store.lease('scheduler')).toEqual({ ...before, expiresMonotonicMs: 123_456.5 });
    });

    test('a dispatched lease has no owner until it is claimed, once', async () => {
      const yard = await TestYard.make(make);
      await yard.add('T-1');
      const { fence } = await yard.dispatch('T-1');
      const resource = taskResource('T-1');
      expect(await yard.store.lease(resource)).toMatchObject({ owner: null, bootId: BOOT, token: fence.token });
      expect(await yard.store.claim(fence, processIdentity(5), 70)).toBe(true);
      expect(await yard.store.lease(resource)).toMatchObject({ owner: processIdentity(5), expiresMonotonicMs: 70 });
      expect(await yard.store.claim(fence, processIdentity(6), 80)).toBe(false);
      expect(await yard.store.lease(resource)).toMatchObject({ owner: processIdentity(5), expiresMonotonicMs: 70 });
    });

    test('of eight who claim at once, one gets it', async () => {
      const yard = await TestYard.make(make);
      await yard.add('T-1');
      const { fence } = await yard.dispatch('T-1');
      const stores = [yard.store, yard.other, await yard.open(), await yard.open()];
      const claims = await Promise.all(
        Array.from({ length: 8 }, async (_, index) =>
          stores[index % stores.length]?.claim(fence, processIdentity(200 + index), EXPIRES_MS),
        ),
      );
      expect(claims.filter(Boolean)).toHaveLength(1);
      expect((await yard.store.lease(fence.resource))?.owner?.pid).toBe(200 + claims.indexOf(true));
    });

    test('of eight who acquire at once, one gets it', async () => {
      const yard = await TestYard.make(make);
      await yard.store.release(yard.train);
      const stores = [yard.store, yard.other, await yard.open(), await yard.open()];
      const taken = await Promise.all(
        Array.from({ length: 8 }, async (_, index) =>
          stores[index % stores.length]?.acquire('train', processIdentity(200 + index), EXPIRES_MS, () => false),
        ),
      );
      expect(taken.filter((one) => one?.kind === 'acquired')).toHaveLength(1);
    });

    test('of eight who dispatch one task at once, one does', async () => {
      const yard = await TestYard.make(make);
      await yard.add('T-1');
      const tries = await Promise.allSettled(Array.from({ length: 8 }, () => yard.dispatch('T-1')));
      expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      for (const one of tries) {
        if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'illegal-transition' });
      }
      expect(await yard.store.attempts('T-1')).toHaveLength(1);
      expect(await yard.store.openIntents()).toHaveLength(1);
    });
  });
}
