import { describe, expect, test } from 'vitest';
import { TestYard } from './store-yard.ts';
import type { MakeStore } from './store-yard.ts';

export function landingTests(make: MakeStore): void {
  describe('landings', () => {
    test('opening one seals the task and records the intent', async () => {
      const yard = await TestYard.make(make);
      await yard.landing('T-1');
      const seq = await yard.lastSeq();
      const id = await yard.store.openLanding(yard.train, yard.landIntent('T-1'));
      expect((await yard.store.task('T-1'))?.state).toMatchObject({ status: 'landing', sealed: true });
      expect(await yard.other.openIntents()).toEqual([{ id, intent: yard.landIntent('T-1'), openedMs: yard.nowMs }]);
      expect(await yard.eventTypes(seq)).toEqual(['task.sealed', 'landing.opened']);
    });

    test('a task that does not land, or is sealed already, is not sealed', async () => {
      const yard = await TestYard.make(make);
      await yard.sealed('T-1');
      await yard.accepted('T-2');
      await yard.landing('T-3');
      const before = await yard.dump();
      const illegal = { code: 'illegal-transition' };
      await expect(yard.store.openLanding(yard.train, yard.landIntent('T-1'))).rejects.toMatchObject(illegal);
      await expect(yard.store.openLanding(yard.train, yard.landIntent('T-2'))).rejects.toMatchObject(illegal);
      await expect(yard.store.openLanding(yard.train, yard.landIntent('T-3', 2))).rejects.toMatchObject(illegal);
      await expect(yard.store.openLanding(yard.train, yard.landIntent('T-404'))).rejects.toMatchObject({
        code: 'no-such-task',
      });
      expect(await yard.dump()).toEqual(before);
    });

    test('what has no green verdict on exactly this tree does not land', async () => {
      const yard = await TestYard.make(make);
      await yard.landing('T-1');
      const before = await yard.dump();
      for (const other of [{ verdict: 'unknown' }, { tree: 'another' }]) {
        const intent = { ...yard.landIntent('T-1'), ...other };
        await expect(yard.store.openLanding(yard.train, intent)).rejects.toMatchObject({ code: 'unproven' });
      }
      expect(await yard.dump()).toEqual(before);
    });

    test('a sealed landing is neither cancelled nor superseded', async () => {
      const yard = await TestYard.make(make);
      await yard.sealed('T-1');
      const before = await yard.dump();
      const illegal = { code: 'illegal-transition' };
      await expect(yard.store.withdraw('T-1', { kind: 'cancelled' })).rejects.toMatchObject(illegal);
      await expect(yard.store.withdraw('T-1', { kind: 'superseded', by: 'T-2' })).rejects.toMatchObject(illegal);
      await expect(yard.store.transition('T-1', { kind: 'cancelled' })).rejects.toMatchObject(illegal);
      expect(await yard.dump()).toEqual(before);
    });

    test('landed', async () => {
      const yard = await TestYard.make(make);
      const id = await yard.sealed('T-1');
      const seq = await yard.lastSeq();
      await yard.store.closeLanding(yard.train, id, { kind: 'landed' });
      expect((await yard.store.task('T-1'))?.state).toEqual({ status: 'landed', commit: 'landed-T-1' });
      expect(await yard.store.openIntents()).toEqual([]);
      expect(await yard.eventTypes(seq)).toEqual(['landing.closed', 'task.landed']);
      expect(await yard.store.events({ sinceSeq: seq })).toMatchObject([
        { taskId: 'T-1', attempt: 1, data: { intentId: id, result: { kind: 'landed' } } },
        { taskId: 'T-1', data: { commit: 'landed-T-1', from: 'landing', to: 'landed' } },
      ]);
    });

    test('undone', async () => {
      const yard = await TestYard.make(make);
      const id = await yard.sealed('T-1');
      const seq = await yard.lastSeq();
      await yard.store.closeLanding(yard.train, id, { kind: 'undone', why: 'the target moved' });
      expect((await yard.store.task('T-1'))?.state).toMatchObject({ status: 'accepted', head: 'head-of-T-1' });
      expect(await yard.store.openIntents()).toEqual([]);
      expect(await yard.eventTypes(seq)).toEqual(['landing.closed', 'task.unboarded']);
      await yard.store.withdraw('T-1', { kind: 'cancelled' });
    });

    test('a landing is closed once, and only a landing is', async () => {
      const yard = await TestYard.make(make);
      const id = await yard.sealed('T-1');
      await yard.store.closeLanding(yard.train, id, { kind: 'landed' });
      await yard.add('T-2');
      const { intentId } = await yard.dispatch('T-2');
      const before = await yard.dump();
      await expect(yard.store.closeLanding(yard.train, id, { kind: 'landed' })).rejects.toThrow('no open landing');
      await expect(yard.store.closeLanding(yard.train, intentId, { kind: 'landed' })).rejects.toThrow(
        'no open landing',
      );
      expect(await yard.dump()).toEqual(before);
    });

    test('the spawn of an attempt is not the end of its landing', async () => {
      const yard = await TestYard.make(make);
      const id = await yard.sealed('T-1');
      await expect(yard.store.spawned(yard.scheduler, id)).rejects.toThrow('no spawn intent');
      expect(await yard.store.openIntents()).toMatchObject([{ id }]);
    });

    test('green verdicts are kept by their key; the newest counts', async () => {
      const yard = await TestYard.make(make);
      const verdict = { key: 'k', tree: 't', gate: 'full', atMs: 5, durationMs: 1.5, evidence: 'attempts/T-1/1/gate' };
      expect(await yard.store.verdict('k')).toBeNull();
      await yard.store.addVerdict(yard.train, verdict);
      expect(await yard.other.verdict('k')).toEqual(verdict);
      await yard.store.addVerdict(yard.train, { ...verdict, atMs: 6, evidence: 'e' });
      expect(await yard.other.verdict('k')).toEqual({ ...verdict, atMs: 6, evidence: 'e' });
    });
  });
}
