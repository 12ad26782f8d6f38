import { describe, expect, test } from 'vitest';
import { taskResource } from '../../src/core/lease.ts';
import type { Fence } from '../../src/core/lease.ts';
import type { Store } from '../../src/store/store.ts';
import { wantedTurn } from './store-turns.ts';
import { BOOT, EXPIRES_MS, TestYard, imported, processIdentity } from './store-yard.ts';
import type { MakeStore, Running } from './store-yard.ts';

interface Prepared {
  readonly yard: TestYard;
  readonly running: Running;
  readonly landingId: number;
  readonly killId: number;
}

const VERDICT = { key: 'k', tree: 't', gate: 'full', atMs: 5, durationMs: 1.5, evidence: 'e' };

/** Every write that carries a fence: which lease it goes by, and the call with a fence in its place. */
const FENCED: { name: string; by: 'scheduler' | 'train' | 'task'; call: (p: Prepared, fence: Fence) => unknown }[] = [
  {
    name: 'transition',
    by: 'train',
    call: ({ yard }, fence) => yard.store.transition('T-2', { kind: 'boarded' }, fence),
  },
  {
    name: 'importTasks, a new task',
    by: 'scheduler',
    call: ({ yard }, fence) => yard.store.importTasks([imported('T-9')], fence),
  },
  {
    name: 'importTasks, an edit',
    by: 'scheduler',
    call: ({ yard }, fence) => yard.store.importTasks([imported('T-4', { title: 'edited' }, 'hash-2')], fence),
  },
  {
    name: 'importTasks, of nothing',
    by: 'scheduler',
    call: ({ yard }, fence) => yard.store.importTasks([], fence),
  },
  {
    name: 'withdraw',
    by: 'scheduler',
    call: ({ yard }, fence) => yard.store.withdraw('T-1', { kind: 'cancelled' }, fence),
  },
  {
    name: 'spawned',
    by: 'scheduler',
    call: ({ yard, running }, fence) => yard.store.spawned(fence, running.intentId),
  },
  { name: 'addVerdict, by the train', by: 'train', call: ({ yard }, fence) => yard.store.addVerdict(fence, VERDICT) },
  { name: 'addVerdict, by an attempt', by: 'task', call: ({ yard }, fence) => yard.store.addVerdict(fence, VERDICT) },
  {
    name: 'note',
    by: 'task',
    call: ({ yard }, fence) => yard.store.note('n', { x: 1 }, { taskId: 'T-1', attempt: 1, fence }),
  },
  {
    name: 'closeKill',
    by: 'scheduler',
    call: ({ yard, killId }, fence) => yard.store.closeKill(killId, fence),
  },
  { name: 'stop', by: 'train', call: ({ yard }, fence) => yard.store.stop('train', 'red', fence) },
  { name: 'renew', by: 'task', call: ({ yard }, fence) => yard.store.renew(fence, 999_999) },
  {
    name: 'dispatch',
    by: 'scheduler',
    call: ({ yard }, fence) =>
      yard.store.dispatch(fence, 'T-4', { agent: 'mock', bootId: BOOT, expiresMonotonicMs: EXPIRES_MS }),
  },
  {
    name: 'progress',
    by: 'task',
    call: ({ yard, running }, fence) =>
      yard.store.progress(fence, running.taskId, running.attempt, { phase: 'gating', activity: 'gates' }),
  },
  {
    name: 'reserveTurn',
    by: 'task',
    call: ({ yard, running }, fence) => yard.store.reserveTurn(fence, wantedTurn(running.taskId, running.attempt)),
  },
  {
    name: 'finish',
    by: 'task',
    call: ({ yard, running }, fence) =>
      yard.store.finish(fence, running.taskId, running.attempt, { kind: 'no-change' }),
  },
  {
    name: 'lose, by the scheduler',
    by: 'scheduler',
    call: ({ yard, running }, fence) =>
      yard.store.lose(fence, running.fence, running.taskId, running.attempt, { kind: 'lost', why: 'x' }),
  },
  {
    name: 'lose, of the lost lease',
    by: 'task',
    call: ({ yard, running }, fence) =>
      yard.store.lose(yard.scheduler, fence, running.taskId, running.attempt, { kind: 'lost', why: 'x' }),
  },
  {
    name: 'openLanding',
    by: 'train',
    call: ({ yard }, fence) => yard.store.openLanding(fence, yard.landIntent('T-3')),
  },
  {
    name: 'closeLanding, landed',
    by: 'train',
    call: ({ yard, landingId }, fence) => yard.store.closeLanding(fence, landingId, { kind: 'landed' }),
  },
  {
    name: 'closeLanding, undone',
    by: 'train',
    call: ({ yard, landingId }, fence) => yard.store.closeLanding(fence, landingId, { kind: 'undone', why: 'moved' }),
  },
];

/** How a fence that was right becomes one that is not. */
const STALENESS: { name: string; spoil: (store: Store, fence: Fence) => Promise<Fence> }[] = [
  { name: 'an older token', spoil: (_, fence) => Promise.resolve({ ...fence, token: fence.token - 1 }) },
  { name: 'a token that was never given', spoil: (_, fence) => Promise.resolve({ ...fence, token: fence.token + 1 }) },
  {
    name: 'a lease that was given back',
    spoil: async (store, fence) => {
      await store.release(fence);
      return fence;
    },
  },
  {
    name: 'a lease that another took over',
    spoil: async (store, fence) => {
      await store.acquire(fence.resource, processIdentity(77), EXPIRES_MS, () => true);
      return fence;
    },
  },
  {
    name: 'a lease on something else',
    spoil: async (store) => {
      const taken = await store.acquire(taskResource('T-99'), processIdentity(78), EXPIRES_MS, () => false);
      if (taken.kind === 'held') throw new Error('held');
      await store.release(taken.fence);
      return taken.fence;
    },
  },
];

export function fenceTests(make: MakeStore): void {
  describe('fences', () => {
    for (const { name, by, call } of FENCED) {
      for (const { name: staleness, spoil } of STALENESS) {
        test(`${name} with ${staleness} changes nothing`, async () => {
          const prepared = await prepare(make);
          const { yard } = prepared;
          const fence = await spoil(yard.store, fenceOf(prepared, by));
          const before = await yard.dump();
          await expect(call(prepared, fence)).rejects.toMatchObject({ code: 'stale-token' });
          expect(await yard.dump()).toEqual(before);
          expect(await yard.other.verdict(VERDICT.key)).toBeNull();
        });
      }

      test(`${name} with the current token is carried out, also after it expired`, async () => {
        const prepared = await prepare(make);
        prepared.yard.pass(10 * EXPIRES_MS);
        await call(prepared, fenceOf(prepared, by));
      });
    }

    test('a note names what it is about, and never its fence', async () => {
      const { yard, running } = await prepare(make);
      await yard.store.note('n', { x: 1 }, { taskId: 'T-1', attempt: 1, fence: running.fence });
      expect(await yard.lastEvent()).toMatchObject({ type: 'n', taskId: 'T-1', attempt: 1, data: { x: 1 } });
      await yard.store.note('n', null, { fence: yard.train });
      expect(await yard.lastEvent()).toMatchObject({ type: 'n', taskId: null, attempt: null, data: null });
    });

    test('only the lease on the schedule closes the intent to start a process', async () => {
      const { yard, running } = await prepare(make);
      await expect(yard.store.spawned(yard.train, running.intentId)).rejects.toMatchObject({ code: 'stale-token' });
    });

    test('a lease on one task opens nothing on another', async () => {
      const yard = await TestYard.make(make);
      const mine = await yard.running('T-1');
      const theirs = await yard.running('T-2');
      const before = await yard.dump();
      const stale = { code: 'stale-token' };
      await expect(yard.store.progress(mine.fence, 'T-2', 1, { activity: 'x' })).rejects.toMatchObject(stale);
      await expect(yard.store.finish(mine.fence, 'T-2', 1, { kind: 'no-change' })).rejects.toMatchObject(stale);
      await expect(
        yard.store.lose(yard.scheduler, mine.fence, 'T-2', 1, { kind: 'lost', why: 'x' }),
      ).rejects.toMatchObject(stale);
      await expect(
        yard.store.lose(yard.train, theirs.fence, 'T-2', 1, { kind: 'lost', why: 'x' }),
      ).rejects.toMatchObject(stale);
      expect(await yard.dump()).toEqual(before);
    });

    test('an attempt of another number is not the one that the token is for', async () => {
      const yard = await TestYard.make(make);
      const first = await yard.running('T-1');
      await yard.store.finish(first.fence, 'T-1', 1, { kind: 'no-change' });
      const second = await yard.dispatch('T-1');
      const before = await yard.dump();
      await expect(yard.store.finish(second.fence, 'T-1', 1, { kind: 'no-change' })).rejects.toMatchObject({
        code: 'stale-token',
      });
      expect(await yard.dump()).toEqual(before);
    });

    test('a stale fence claims nothing and gives nothing back', async () => {
      const yard = await TestYard.make(make);
      await yard.add('T-1');
      const { fence } = await yard.dispatch('T-1');
      const stale = { ...fence, token: fence.token - 1 };
      const before = await yard.dump();
      expect(await yard.store.claim(stale, processIdentity(5), EXPIRES_MS)).toBe(false);
      await yard.store.release(stale);
      expect(await yard.dump()).toEqual(before);
    });
  });
}

/** T-1 runs, T-2 is accepted, T-3 lands, T-4 is ready, T-5 is sealed, T-6 is cancelled and to be killed. */
async function prepare(make: MakeStore): Promise<Prepared> {
  const yard = await TestYard.make(make);
  await yard.accepted('T-2');
  await yard.landing('T-3');
  await yard.add('T-4');
  const landingId = await yard.sealed('T-5');
  await yard.running('T-6');
  await yard.store.withdraw('T-6', { kind: 'cancelled' });
  const killId = (await yard.store.openIntents()).find(({ intent }) => intent.kind === 'kill')?.id ?? 0;
  return { yard, running: await yard.running('T-1'), landingId, killId };
}

function fenceOf({ yard, running }: Prepared, by: 'scheduler' | 'train' | 'task'): Fence {
  return by === 'task' ? running.fence : yard[by];
}
