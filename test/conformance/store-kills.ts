import { describe, expect, test } from 'vitest';
import { NO_COUNTERS, READY } from '../../src/core/task-state.ts';
import type { Intent } from '../../src/store/store.ts';
import { TestYard } from './store-yard.ts';
import type { MakeStore, Running } from './store-yard.ts';

const STALE = { code: 'stale-token' };

const killOf = ({ taskId, attempt, fence }: Running): Intent => ({
  kind: 'kill',
  subject: { of: 'attempt', taskId, attempt, token: fence.token },
});

export function killTests(make: MakeStore): void {
  describe('kills', () => {
    test('a withdrawal opens the kill of the attempt, and its closing tells that it is dead', async () => {
      const yard = await TestYard.make(make);
      const running = await yard.running('T-1');
      await yard.store.withdraw('T-1', { kind: 'cancelled' });
      const [open] = await yard.other.openIntents();
      expect(open).toMatchObject({ intent: killOf(running), openedMs: yard.nowMs });
      const seq = await yard.lastSeq();
      await yard.store.closeKill(open?.id ?? 0);
      expect(await yard.other.openIntents()).toEqual([]);
      expect(await yard.store.events({ sinceSeq: seq })).toMatchObject([
        { type: 'attempt.killed', taskId: 'T-1', attempt: 1, data: { token: running.fence.token } },
      ]);
      expect(await yard.status('T-1')).toBe('cancelled');
    });

    test('a supersession opens one as well; what does not run needs none', async () => {
      const yard = await TestYard.make(make);
      const running = await yard.running('T-1');
      await yard.accepted('T-2');
      await yard.add('T-3');
      for (const id of ['T-1', 'T-2', 'T-3']) await yard.store.transition(id, { kind: 'superseded', by: 'T-9' });
      expect((await yard.store.openIntents()).map(({ intent }) => intent)).toEqual([killOf(running)]);
    });

    test('an interruption stops the yard and voids all that runs; the tasks stay running until it is dead', async () => {
      const yard = await TestYard.make(make);
      await yard.landing('T-3');
      const claimed = await yard.running('T-1');
      await yard.add('T-2', 'T-4');
      const unclaimed = await yard.dispatch('T-2');
      const kills = await yard.store.interrupt('ada', 'enough');
      expect(kills.map(({ intent }) => intent)).toEqual([
        killOf(claimed),
        killOf(unclaimed),
        { kind: 'kill', subject: { of: 'train', token: yard.train.token } },
      ]);
      expect((await yard.other.openIntents()).filter(({ intent }) => intent.kind === 'kill')).toEqual(kills);
      expect((await yard.other.control()).stopped).toMatchObject({ by: 'ada', why: 'enough' });
      expect(await yard.lastEvent()).toMatchObject({ type: 'yard.interrupted', data: { by: 'ada', why: 'enough' } });
      expect((await yard.store.leases()).map(({ resource }) => resource)).toEqual(['scheduler']);
      await expect(yard.store.finish(claimed.fence, 'T-1', 1, { kind: 'no-change' })).rejects.toMatchObject(STALE);
      await expect(yard.store.transition('T-3', { kind: 'unboarded' }, yard.train)).rejects.toMatchObject(STALE);
      expect([await yard.status('T-1'), await yard.status('T-2'), await yard.status('T-3')]).toEqual([
        'running',
        'running',
        'landing',
      ]);
    });

    test('a task whose attempt is dead is ready again, and nothing is counted', async () => {
      const yard = await TestYard.make(make);
      const first = await yard.running('T-1');
      await yard.store.finish(first.fence, 'T-1', 1, { kind: 'gate-red', head: 'h', summary: 's', logTail: 't' });
      const { counters } = (await yard.store.task('T-1')) ?? {};
      const { failuresInARow } = await yard.store.control();
      await yard.dispatch('T-1');
      const [kill] = await yard.store.interrupt('ada', 'enough');
      const seq = await yard.lastSeq();
      await yard.store.closeKill(kill?.id ?? 0);
      expect(await yard.store.task('T-1')).toMatchObject({ state: READY, counters, attempts: 2 });
      expect(counters).toEqual({ ...NO_COUNTERS, retries: 1 });
      expect((await yard.store.control()).failuresInARow).toBe(failuresInARow);
      expect((await yard.store.attempts('T-1')).at(-1)).toMatchObject({
        phase: 'finished',
        outcome: { kind: 'cancelled' },
      });
      // The intent to start it is closed with it.
      expect((await yard.store.openIntents()).map(({ intent }) => intent.kind)).toEqual(['kill']);
      expect(await yard.eventTypes(seq)).toEqual(['attempt.killed', 'attempt.finished', 'task.interrupted']);
      expect(await yard.lastEvent()).toMatchObject({ taskId: 'T-1', attempt: 2, data: { to: 'ready' } });
    });

    test('said twice, it opens nothing twice, and leaves the first stop as it was', async () => {
      const yard = await TestYard.make(make);
      await yard.store.stop('ann', 'lunch');
      await yard.store.resume();
      await yard.running('T-1');
      await yard.store.stop('ann', 'lunch');
      const first = await yard.store.interrupt('ada', 'enough');
      expect(await yard.store.interrupt('bob', 'more')).toEqual(first);
      expect((await yard.store.control()).stopped).toMatchObject({ by: 'ann', why: 'lunch' });
      await yard.store.withdraw('T-1', { kind: 'cancelled' });
      expect(await yard.store.openIntents()).toEqual(first);
      const before = await yard.store.interrupt('ada', 'again');
      for (const { id } of before) await yard.store.closeKill(id);
      const dump = await yard.dump();
      for (const { id } of before) await yard.store.closeKill(id);
      expect(await yard.dump()).toEqual(dump);
      expect(await yard.status('T-1')).toBe('cancelled');
      await expect(yard.store.closeKill(4711)).rejects.toThrow('4711');
    });

    test('a landing is not closed as a kill, nor a kill as a spawn', async () => {
      const yard = await TestYard.make(make);
      const landing = await yard.sealed('T-1');
      await yard.running('T-2');
      const kills = await yard.store.interrupt('ada', 'enough');
      const before = await yard.dump();
      await expect(yard.store.closeKill(landing)).rejects.toThrow('no kill intent');
      for (const { id } of kills) {
        await expect(yard.store.spawned(yard.scheduler, id)).rejects.toThrow('no spawn intent');
      }
      expect(await yard.dump()).toEqual(before);
    });

    test('nothing starts in a stopped yard', async () => {
      const yard = await TestYard.make(make);
      await yard.add('T-1');
      await yard.store.stop('ann', 'lunch');
      const before = await yard.dump();
      await expect(yard.dispatch('T-1')).rejects.toMatchObject({ code: 'yard-stopped' });
      expect(await yard.dump()).toEqual(before);
      await yard.store.resume();
      await yard.dispatch('T-1');
    });

    test('the breaker is reset apart from a stop', async () => {
      const yard = await TestYard.make(make);
      const { fence } = await yard.running('T-1');
      await yard.store.finish(fence, 'T-1', 1, { kind: 'no-change' });
      await yard.store.stop('ann', 'lunch');
      await yard.store.resetBreaker();
      expect(await yard.other.control()).toMatchObject({ stopped: { by: 'ann' }, failuresInARow: 0 });
      expect(await yard.lastEvent()).toMatchObject({ type: 'breaker.reset', data: { inARow: 1 } });
    });
  });
}
