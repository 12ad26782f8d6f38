import { describe, expect, test } from 'vitest';
import { TASK_STATUSES, isFinal } from '../../src/core/task-state.ts';
import type { EventFilter, StoreView } from '../../src/store/store.ts';
import { TestYard, imported } from './store-yard.ts';
import type { MakeStore } from './store-yard.ts';

const ids = (view: StoreView) => view.rows.map(({ id }) => id).toSorted();

export function viewTests(make: MakeStore): void {
  describe('reading', () => {
    test('a view holds what is not final, with leases, intents and control', async () => {
      const yard = await TestYard.make(make);
      await yard.landed('T-1');
      await yard.sealed('T-2');
      await yard.add('T-3', 'T-4');
      await yard.store.withdraw('T-4', { kind: 'cancelled' });
      await yard.running('T-5');
      await yard.store.stop('ann', 'lunch');
      const view = await yard.other.view();
      expect(ids(view)).toEqual(['T-2', 'T-3', 'T-5']);
      expect(view.leases.map(({ resource }) => resource).toSorted()).toEqual(['scheduler', 'task:T-5', 'train']);
      expect(view.intents).toMatchObject([{ intent: { kind: 'land', taskId: 'T-2' } }]);
      expect(view.control).toEqual(await yard.store.control());
      expect(view.dependencies).toEqual(new Map());
      const rows = (await yard.store.rows()).filter(({ state }) => !isFinal(state.status));
      expect(view.rows.toSorted((a, b) => (a.id < b.id ? -1 : 1))).toEqual(
        rows.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
      );
    });

    test('one view after another follows every change', async () => {
      const yard = await TestYard.make(make);
      const views: string[][] = [ids(await yard.other.view())];
      await yard.add('T-1', 'T-2');
      views.push(ids(await yard.other.view()));
      await yard.store.withdraw('T-1', { kind: 'cancelled' });
      views.push(ids(await yard.other.view()));
      await yard.store.importTasks([imported('T-2', { title: 'edited' }, 'hash-2')]);
      expect((await yard.other.view()).rows).toMatchObject([{ id: 'T-2', title: 'edited', attempts: 0 }]);
      const { fence } = await yard.dispatch('T-2');
      expect((await yard.other.view()).rows).toMatchObject([{ state: { status: 'running' }, attempts: 1 }]);
      await yard.store.finish(fence, 'T-2', 1, { kind: 'no-change' });
      const { rows } = await yard.other.view();
      expect(rows).toMatchObject([{ state: { status: 'ready' }, counters: { retries: 1 } }]);
      expect(rows).toEqual((await (await yard.open()).view()).rows);
      await expect(yard.store.importTasks([imported('T-3'), imported('t-3')])).rejects.toThrow();
      views.push(ids(await yard.other.view()));
      expect(views).toEqual([[], ['T-1', 'T-2'], ['T-2'], ['T-2']]);
    });

    test('dependencies are the final tasks that somebody waits for, at the end of the chain', async () => {
      const yard = await TestYard.make(make);
      await yard.landed('T-1');
      await yard.landed('T-2');
      await yard.add('T-3', 'T-4', 'T-5', 'T-6', 'T-7', 'T-8', 'T-9');
      await yard.store.withdraw('T-3', { kind: 'cancelled' });
      await yard.store.withdraw('T-4', { kind: 'superseded', by: 'T-5' });
      await yard.store.withdraw('T-5', { kind: 'superseded', by: 'T-1' });
      await yard.store.withdraw('T-6', { kind: 'superseded', by: 'T-9' });
      await yard.store.withdraw('T-7', { kind: 'superseded', by: 'T-8' });
      await yard.store.withdraw('T-8', { kind: 'superseded', by: 'T-405' });
      const after = ['T-1', 'T-3', 'T-4', 'T-6', 'T-7', 'T-9', 'T-11', 'T-404'];
      await yard.store.importTasks([imported('T-10', { after }), imported('T-11', { supersedes: ['T-404'] })]);
      await yard.add('T-12');
      await yard.store.withdraw('T-12', { kind: 'superseded', by: 'T-404' });
      await yard.store.importTasks([imported('T-13', { after: ['T-12'] })]);
      const { dependencies, successors } = await yard.other.view();
      expect(successors).toEqual(
        new Map([
          ['T-4', 'T-1'],
          ['T-6', 'T-9'],
        ]),
      );
      expect(dependencies).toEqual(
        new Map([
          ['T-1', 'landed'],
          ['T-3', 'cancelled'],
          ['T-4', 'landed'],
          ['T-6', 'ready'],
          ['T-7', 'superseded'],
          ['T-12', 'superseded'],
        ]),
      );
    });

    test('a part of the ready tasks comes with all that it waits for, and with what is not ready', async () => {
      const yard = await TestYard.make(make);
      await yard.landed('T-1');
      await yard.running('T-2');
      await yard.store.importTasks([
        imported('T-3', { priority: 1 }),
        imported('T-10'),
        imported('T-9'),
        imported('T-20', { after: ['T-21', 'T-1', 'T-404'] }),
        imported('T-21', { after: ['T-22', 'T-2'] }),
        imported('T-22', { after: ['T-20'] }),
      ]);
      const part = async (first: number, ...some: string[]) => ids(await yard.other.viewOf({ first, ids: some }));
      expect(await part(0)).toEqual(['T-2']);
      expect(await part(2)).toEqual(['T-2', 'T-3', 'T-9']);
      expect(await part(0, 'T-21', 'T-404', 'T-1')).toEqual(['T-2', 'T-20', 'T-21', 'T-22']);
      expect(await part(100)).toEqual(ids(await yard.other.view()));
      const view = await yard.other.viewOf({ first: 0, ids: ['T-20'] });
      expect(view.dependencies).toEqual(new Map([['T-1', 'landed']]));
      const whole = new Map((await yard.other.view()).rows.map((row) => [row.id, row]));
      for (const row of view.rows) expect(row).toEqual(whole.get(row.id));
    });

    test('an overview tells of the final tasks the last ones', async () => {
      const yard = await TestYard.make(make);
      expect(await yard.other.overview({ ready: 5, finished: 1 })).toMatchObject({ importedMs: 0, finished: [] });
      await yard.landed('T-9');
      await yard.store.importTasks([imported('T-10', { title: 'with "quotes", \\ and é', area: 'docs', priority: 3 })]);
      await yard.store.withdraw('T-10', { kind: 'cancelled' });
      await yard.running('T-2');
      const { view, counts, running, importedMs, finished } = await yard.other.overview({ ready: 5, finished: 1 });
      const last = { id: 'T-10', title: 'with "quotes", \\ and é', status: 'cancelled', area: 'docs', priority: 3 };
      expect(finished).toEqual([{ ...last, attempts: 0 }]);
      expect(ids(view)).toEqual(['T-2']);
      expect(counts).toEqual(await yard.store.countByStatus());
      expect(running).toEqual(await yard.store.runningAttempts());
      expect(importedMs).toBe(yard.nowMs);
    });

    test('rows and counts by status', async () => {
      const yard = await TestYard.make(make);
      await yard.landed('T-1');
      await yard.running('T-2');
      await yard.add('T-3', 'T-4');
      const named = async (...statuses: Parameters<typeof yard.store.rows>) =>
        (await yard.store.rows(...statuses)).map(({ id }) => id).toSorted();
      expect(await named()).toEqual(['T-1', 'T-2', 'T-3', 'T-4']);
      expect(await named(['landed', 'running'])).toEqual(['T-1', 'T-2']);
      expect(await named([])).toEqual([]);
      const none = Object.fromEntries(TASK_STATUSES.map((status) => [status, 0]));
      expect(await yard.store.countByStatus()).toEqual({ ...none, landed: 1, running: 1, ready: 2 });
    });

    test('the running attempt is the newest of its task', async () => {
      const yard = await TestYard.make(make);
      const first = await yard.running('T-1');
      await yard.store.finish(first.fence, 'T-1', 1, { kind: 'no-change' });
      await yard.dispatch('T-1');
      expect(await yard.other.runningAttempts()).toMatchObject([{ taskId: 'T-1', attempt: 2, outcome: null }]);
      expect((await yard.other.attempts('T-1')).map(({ attempt }) => attempt)).toEqual([1, 2]);
      expect(await yard.other.attempts('T-404')).toEqual([]);
    });

    test('the version changes with every write, whoever made it', async () => {
      const yard = await TestYard.make(make);
      const versions = [await yard.store.version()];
      expect(await yard.store.version()).toBe(versions[0]);
      await yard.other.note('a', null);
      versions.push(await yard.store.version());
      await yard.store.note('b', null);
      versions.push(await yard.store.version());
      await yard.other.renew(yard.train, 5);
      versions.push(await yard.store.version());
      expect(await yard.store.version()).toBe(versions.at(-1));
      expect(new Set(versions).size).toBe(4);
      const ofOther = await yard.other.version();
      await yard.store.note('c', null);
      expect(await yard.other.version()).not.toBe(ofOther);
    });
  });

  describe('events', () => {
    test('they are numbered in the order in which they came', async () => {
      const yard = await TestYard.make(make);
      await Promise.all(
        Array.from({ length: 40 }, (_, index) => (index % 2 === 0 ? yard.store : yard.other).note('n', index)),
      );
      const events = await yard.store.events({});
      const numbers = events.map(({ seq }) => seq);
      expect(numbers).toEqual([...new Set(numbers)].toSorted((a, b) => a - b));
      expect(events.map(({ data }) => Number(data)).toSorted((a, b) => a - b)).toEqual([...Array(40).keys()]);
    });

    test('they are filtered by number, task and count', async () => {
      const yard = await TestYard.make(make);
      for (let index = 1; index <= 6; index += 1) {
        const about = index % 2 === 0 ? { taskId: 'T-1', attempt: index } : undefined;
        await yard.store.note(`n.${index}`, { index }, about);
      }
      const types = async (filter: Parameters<typeof yard.store.events>[0]) =>
        (await yard.store.events(filter)).map(({ type }) => type);
      expect(await types({})).toEqual(['n.1', 'n.2', 'n.3', 'n.4', 'n.5', 'n.6']);
      expect(await types({ limit: 2 })).toEqual(['n.1', 'n.2']);
      expect(await types({ limit: 2, newest: true })).toEqual(['n.5', 'n.6']);
      expect(await types({ taskId: 'T-1' })).toEqual(['n.2', 'n.4', 'n.6']);
      expect(await types({ taskId: 'T-1', limit: 1, newest: true })).toEqual(['n.6']);
      const [third] = await yard.store.events({ newest: true, limit: 3 });
      expect(third).toEqual({
        seq: third?.seq,
        atMs: yard.nowMs,
        taskId: 'T-1',
        attempt: 4,
        type: 'n.4',
        data: { index: 4 },
      });
      expect(await types({ sinceSeq: third?.seq ?? 0 })).toEqual(['n.5', 'n.6']);
      expect(await types({ sinceSeq: 10_000 })).toEqual([]);
    });
  });

  describe('the yard', () => {
    test('events of some types, the newest of them', async () => {
      const yard = await TestYard.make(make);
      for (const type of ['a', 'b', 'a', 'c', 'a']) await yard.store.note(type, null);
      const types = async (filter: EventFilter) => (await yard.other.events(filter)).map(({ type }) => type);
      expect(await types({ types: ['b', 'c'] })).toEqual(['b', 'c']);
      expect(await types({ types: ['a', 'c'], newest: true, limit: 2 })).toEqual(['c', 'a']);
      expect(await types({ types: [] })).toEqual([]);
      expect(await types({ types: ['a'], taskId: 'T-1' })).toEqual([]);
    });

    test('stop and resume', async () => {
      const yard = await TestYard.make(make);
      expect(await yard.store.control()).toEqual({ stopped: null, pauses: [], failuresInARow: 0 });
      const { fence } = await yard.running('T-1');
      await yard.store.finish(fence, 'T-1', 1, { kind: 'no-change' });
      await yard.store.stop('ann', 'lunch');
      const stopped = { by: 'ann', why: 'lunch', atMs: yard.nowMs };
      expect(await yard.other.control()).toEqual({ stopped, pauses: [], failuresInARow: 1 });
      expect(await yard.lastEvent()).toMatchObject({ type: 'yard.stopped', data: { by: 'ann', why: 'lunch' } });
      await yard.store.resume();
      expect(await yard.other.control()).toEqual({ stopped: null, pauses: [], failuresInARow: 0 });
      expect(await yard.lastEvent()).toMatchObject({ type: 'yard.resumed', taskId: null });
    });

    test('pauses: one of each subject, which stay over a resume', async () => {
      const yard = await TestYard.make(make);
      const agent = { of: 'agent', name: 'codex' } as const;
      await yard.store.pause({ of: 'train' }, 'ann', 'a release');
      await yard.store.pause(agent, 'ann', 'the quota');
      await yard.store.pause(agent, 'bob', 'the quota, still');
      expect(await yard.lastEvent()).toMatchObject({
        type: 'yard.paused',
        data: { subject: 'agent:codex', by: 'bob' },
      });
      await yard.store.resume();
      const ofAgent = { subject: agent, by: 'bob', why: 'the quota, still', atMs: yard.nowMs };
      const ofTrain = { subject: { of: 'train' }, by: 'ann', why: 'a release', atMs: yard.nowMs };
      expect((await yard.other.control()).pauses).toEqual([ofAgent, ofTrain]);
      expect((await yard.other.view()).control.pauses).toEqual([ofAgent, ofTrain]);
      expect(await yard.other.unpause({ of: 'all' })).toBe(false);
      expect(await yard.other.unpause(agent)).toBe(true);
      expect(await yard.lastEvent()).toMatchObject({ type: 'yard.unpaused', data: { subject: 'agent:codex' } });
      expect((await yard.store.control()).pauses).toEqual([ofTrain]);
    });

    test('what was written is there when it is opened again', async () => {
      const yard = await TestYard.make(make);
      await yard.sealed('T-1');
      await yard.running('T-2');
      const before = await yard.dump();
      await yard.store.close();
      await yard.store.close();
      await yard.other.close();
      const again = await yard.open();
      expect(await again.events({})).toEqual((before as { events: unknown }).events);
      expect(await again.leases()).toEqual((before as { leases: unknown }).leases);
      expect(await again.openIntents()).toEqual((before as { intents: unknown }).intents);
      await again.renew(yard.scheduler, 5);
    });

    test('closing waits for the writes that were begun', async () => {
      const yard = await TestYard.make(make);
      const writes = Array.from({ length: 10 }, (_, index) => yard.store.note('n', index));
      await yard.store.close();
      await Promise.all(writes);
      expect(await yard.other.events({})).toHaveLength(10);
    });
  });
}
