import { describe, expect, test } from 'vitest';
import { NO_COUNTERS, READY } from '../../src/core/task-state.ts';
import { TestYard, imported, spec } from './store-yard.ts';
import type { MakeStore } from './store-yard.ts';

export function taskTests(make: MakeStore): void {
  describe('import', () => {
    test('a new task is ready, and told in full', async () => {
      const yard = await TestYard.make(make);
      const task = imported('T-1', { area: 'core', after: ['T-9'], agent: 'mock', gate: 'full', priority: -2 });
      await yard.store.importTasks([task]);
      const progress = { state: READY, counters: NO_COUNTERS, attempts: 0, updatedMs: yard.nowMs };
      expect(await yard.store.task('T-1')).toEqual({ ...task, ...progress, createdMs: yard.nowMs });
      const { objective, acceptance, context, forbids, supersedes, testPolicy, extra, ...columns } = task.spec;
      expect(objective).not.toBe('');
      expect([acceptance.length, context, forbids, supersedes, testPolicy, extra]).toEqual([1, '', [], [], null, []]);
      expect(await yard.store.rows()).toEqual([{ ...columns, ...progress, hasAcceptance: true, source: task.source }]);
      expect(await yard.lastEvent()).toMatchObject({ type: 'task.added', taskId: 'T-1', attempt: null });
      expect(await yard.store.task('T-404')).toBeNull();
    });

    test('a task without a source or acceptance criteria', async () => {
      const yard = await TestYard.make(make);
      await yard.store.importTasks([{ spec: spec('T-1', { acceptance: [] }), source: null }]);
      expect(await yard.store.rows()).toMatchObject([{ hasAcceptance: false, source: null }]);
    });

    test('the same again changes nothing', async () => {
      const yard = await TestYard.make(make);
      const tasks = [imported('T-1'), imported('T-2')];
      await yard.store.importTasks(tasks);
      const before = await yard.dump();
      yard.pass(1);
      await yard.store.importTasks(structuredClone(tasks));
      // A reader of task files may list the keys in another order.
      const reordered = Object.fromEntries(Object.entries(spec('T-1')).toReversed()) as unknown as typeof tasks;
      await yard.store.importTasks([{ ...imported('T-1'), spec: reordered as unknown as ReturnType<typeof spec> }]);
      expect(await yard.dump()).toEqual(before);
    });

    test('an edit replaces the spec and leaves the progress', async () => {
      const yard = await TestYard.make(make);
      const { fence, attempt } = await yard.running('T-1');
      await yard.store.finish(fence, 'T-1', attempt, { kind: 'no-change' });
      const before = await yard.store.task('T-1');
      yard.pass(1);
      const edited = imported('T-1', { title: 'Another', owns: ['lib/**'] }, 'hash-2');
      await yard.store.importTasks([edited]);
      expect(await yard.store.task('T-1')).toEqual({ ...before, ...edited, updatedMs: yard.nowMs });
      expect(await yard.store.rows()).toMatchObject([
        { title: 'Another', owns: ['lib/**'], source: { hash: 'hash-2' } },
      ]);
      expect(await yard.lastEvent()).toMatchObject({ type: 'task.changed', taskId: 'T-1' });
    });

    test('a task that is being worked to, or waits to land, is left as it was asked for', async () => {
      const yard = await TestYard.make(make);
      await yard.running('T-1');
      await yard.accepted('T-2');
      await yard.landing('T-3');
      const before = await yard.dump();
      await yard.store.importTasks(['T-1', 'T-2', 'T-3'].map((id) => imported(id, { title: 'edited' }, 'hash-2')));
      expect(await yard.dump()).toEqual(before);
    });

    test('a final task is left alone', async () => {
      const yard = await TestYard.make(make);
      await yard.landed('T-1');
      await yard.add('T-2', 'T-3');
      await yard.store.withdraw('T-2', { kind: 'cancelled' });
      await yard.store.withdraw('T-3', { kind: 'superseded', by: 'T-1' });
      const before = await yard.dump();
      await yard.store.importTasks(['T-1', 'T-2', 'T-3'].map((id) => imported(id, { title: 'edited' }, 'hash-2')));
      expect(await yard.dump()).toEqual(before);
    });

    test('ids that differ only in case are refused, and nothing of that import stays', async () => {
      const yard = await TestYard.make(make);
      await yard.add('T-1');
      const before = await yard.dump();
      await expect(yard.store.importTasks([imported('T-2'), imported('t-1')])).rejects.toMatchObject({
        code: 'task-id-case',
      });
      await expect(yard.store.importTasks([imported('T-3'), imported('t-3')])).rejects.toMatchObject({
        code: 'task-id-case',
      });
      expect(await yard.dump()).toEqual(before);
    });

    test('more tasks than one statement takes', async () => {
      const yard = await TestYard.make(make);
      const tasks = Array.from({ length: 1_234 }, (_, index) => imported(`T-${index}`));
      await yard.store.importTasks(tasks);
      await yard.store.importTasks(tasks);
      expect(await yard.store.countByStatus()).toMatchObject({ ready: 1_234, landed: 0 });
      expect(await yard.store.events({})).toHaveLength(1_234);
    });

    test('a new task supersedes what it names, wherever that stands', async () => {
      const yard = await TestYard.make(make);
      await yard.add('T-1');
      const running = await yard.running('T-2');
      await yard.landing('T-3');
      await yard.sealed('T-4');
      await yard.landed('T-5');
      const seq = await yard.lastSeq();
      const names = ['T-1', 'T-2', 'T-3', 'T-4', 'T-5', 'T-6', 'T-10', 'T-404'];
      await yard.store.importTasks([imported('T-10', { supersedes: names }), imported('T-6')]);
      for (const id of ['T-1', 'T-2', 'T-3', 'T-6']) {
        expect((await yard.store.task(id))?.state).toEqual({ status: 'superseded', by: 'T-10' });
      }
      expect(await yard.status('T-4')).toBe('landing');
      expect(await yard.status('T-5')).toBe('landed');
      expect(await yard.status('T-10')).toBe('ready');
      expect(await yard.store.attempts('T-2')).toMatchObject([{ outcome: { kind: 'cancelled' } }]);
      await expect(yard.store.renew(running.fence, 1)).rejects.toMatchObject({ code: 'stale-token' });
      const events = await yard.store.events({ sinceSeq: seq });
      expect(events.map(({ type, taskId }) => `${type} ${taskId}`)).toEqual([
        'task.added T-10',
        'task.added T-6',
        'task.superseded T-1',
        'attempt.finished T-2',
        'task.superseded T-2',
        'task.superseded T-3',
        'task.not-superseded T-4',
        'task.not-superseded T-5',
        'task.superseded T-6',
        'task.not-superseded T-10',
        'task.not-superseded T-404',
      ]);
    });
  });

  describe('operators', () => {
    test("tasks do not take each other's place: of a circle, the one that would close it stays", async () => {
      const yard = await TestYard.make(make);
      await yard.add('T-1', 'T-2', 'T-3');
      await yard.store.withdraw('T-1', { kind: 'superseded', by: 'T-2' });
      await yard.store.withdraw('T-2', { kind: 'superseded', by: 'T-3' });
      const before = await yard.dump();
      for (const by of ['T-1', 'T-2', 'T-3']) {
        const event = { kind: 'superseded', by } as const;
        await expect(yard.store.withdraw('T-3', event)).rejects.toMatchObject({ code: 'illegal-transition' });
      }
      expect(await yard.dump()).toEqual(before);
      const circle = [
        ['T-4', 'T-5'],
        ['T-5', 'T-6'],
        ['T-6', 'T-4'],
      ] as const;
      await yard.store.importTasks(circle.map(([id, other]) => imported(id, { supersedes: [other] })));
      expect(await Promise.all(circle.map(([id]) => yard.status(id)))).toEqual(['ready', 'superseded', 'superseded']);
      expect((await yard.store.events({ limit: 1, newest: true }))[0]).toMatchObject({
        type: 'task.not-superseded',
        taskId: 'T-4',
        data: { by: 'T-6', status: 'circle' },
      });
    });

    test('an event that the state does not admit changes nothing', async () => {
      const yard = await TestYard.make(make);
      await yard.running('T-1');
      const before = await yard.dump();
      for (const event of [{ kind: 'unparked' }, { kind: 'boarded' }, { kind: 'landed', commit: 'c' }] as const) {
        await expect(yard.store.transition('T-1', event)).rejects.toMatchObject({ code: 'illegal-transition' });
      }
      await expect(yard.store.answer('T-1', 'yes')).rejects.toMatchObject({ code: 'illegal-transition' });
      await expect(yard.store.approve('T-1', 'h')).rejects.toMatchObject({ code: 'illegal-transition' });
      await expect(yard.store.transition('T-404', { kind: 'unparked' })).rejects.toMatchObject({
        code: 'no-such-task',
      });
      expect(await yard.dump()).toEqual(before);
    });

    test('what takes a lease or an intent along has no way around it', async () => {
      const yard = await TestYard.make(make);
      await yard.running('T-1');
      await yard.add('T-2');
      await yard.landing('T-3');
      await yard.sealed('T-4');
      const before = await yard.dump();
      await expect(yard.store.transition('T-1', { kind: 'accepted', head: 'h' })).rejects.toThrow(/method of its own/);
      await expect(yard.store.transition('T-2', { kind: 'leased', attempt: 1 })).rejects.toThrow(/method of its own/);
      await expect(yard.store.transition('T-3', { kind: 'sealed' })).rejects.toThrow(/method of its own/);
      await expect(yard.store.transition('T-4', { kind: 'unboarded' })).rejects.toThrow(/method of its own/);
      expect(await yard.dump()).toEqual(before);
    });

    test('parked and put back', async () => {
      const yard = await TestYard.make(make);
      const { fence } = await yard.running('T-1');
      await yard.store.finish(fence, 'T-1', 1, { kind: 'integrity', why: 'tampered' });
      const record = await yard.store.transition('T-1', { kind: 'unparked' });
      expect(record).toMatchObject({ state: READY, counters: NO_COUNTERS, attempts: 1 });
      expect(record).toEqual(await yard.other.task('T-1'));
      expect(await yard.lastEvent()).toMatchObject({ type: 'task.unparked', data: { from: 'parked', to: 'ready' } });
    });

    test('withdrawing a running task ends its attempt and voids its token', async () => {
      const yard = await TestYard.make(make);
      await yard.add('T-1');
      const { fence } = await yard.dispatch('T-1');
      const seq = await yard.lastSeq();
      const record = await yard.store.withdraw('T-1', { kind: 'cancelled' });
      expect(record.state).toEqual({ status: 'cancelled' });
      expect(await yard.store.attempts('T-1')).toMatchObject([{ phase: 'finished', outcome: { kind: 'cancelled' } }]);
      expect((await yard.store.openIntents()).map(({ intent }) => intent.kind)).toEqual(['kill']);
      expect(await yard.store.lease(fence.resource)).toBeNull();
      expect(await yard.eventTypes(seq)).toEqual(['attempt.finished', 'task.cancelled']);
      expect((await yard.store.control()).failuresInARow).toBe(0);
      await expect(yard.store.finish(fence, 'T-1', 1, { kind: 'accepted', head: 'h' })).rejects.toMatchObject({
        code: 'stale-token',
      });
      await expect(yard.store.withdraw('T-1', { kind: 'cancelled' })).rejects.toMatchObject({
        code: 'illegal-transition',
      });
      await expect(yard.store.withdraw('T-404', { kind: 'cancelled' })).rejects.toMatchObject({ code: 'no-such-task' });
    });

    test('a cancellation by transition is a withdrawal too', async () => {
      const yard = await TestYard.make(make);
      const { fence } = await yard.running('T-1');
      await yard.store.transition('T-1', { kind: 'superseded', by: 'T-2' });
      expect(await yard.store.lease(fence.resource)).toBeNull();
      expect(await yard.store.attempts('T-1')).toMatchObject([{ outcome: { kind: 'cancelled' } }]);
    });

    test('answers are kept for the next attempt', async () => {
      const yard = await TestYard.make(make);
      for (const [attempt, question] of ['red?', 'dark?'].entries()) {
        if (attempt === 0) await yard.add('T-1');
        const { fence } = await yard.dispatch('T-1');
        await yard.store.finish(fence, 'T-1', attempt + 1, { kind: 'question', text: question });
        const record = await yard.store.answer('T-1', `yes ${attempt}`);
        expect(record.state).toEqual(READY);
      }
      expect(await yard.other.answers('T-1')).toEqual([
        { attempt: 1, question: 'red?', answer: 'yes 0', atMs: yard.nowMs },
        { attempt: 2, question: 'dark?', answer: 'yes 1', atMs: yard.nowMs },
      ]);
      expect(await yard.lastEvent()).toMatchObject({ type: 'task.answered', taskId: 'T-1', attempt: 2 });
      await expect(yard.store.answer('T-404', 'x')).rejects.toMatchObject({ code: 'no-such-task' });
    });

    test('exactly the hash that was asked for is approved, and stays so', async () => {
      const yard = await TestYard.make(make);
      const { fence } = await yard.running('T-1');
      await yard.store.finish(fence, 'T-1', 1, { kind: 'needs-approval', head: 'h', hash: 'abc', paths: ['x'] });
      const before = await yard.dump();
      await expect(yard.store.approve('T-1', 'ab')).rejects.toMatchObject({ code: 'hash-mismatch' });
      await expect(yard.store.answer('T-1', 'yes')).rejects.toMatchObject({ code: 'illegal-transition' });
      expect(await yard.dump()).toEqual(before);
      expect(await yard.store.isApproved('T-1', 'abc')).toBe(false);
      const { state } = await yard.store.approve('T-1', 'abc');
      expect(state).toEqual({ status: 'ready', notBeforeMs: null, entry: { phase: 'gating', head: 'h' } });
      expect(await yard.other.isApproved('T-1', 'abc')).toBe(true);
      expect(await yard.other.isApproved('T-1', 'ab')).toBe(false);
      expect(await yard.other.isApproved('T-2', 'abc')).toBe(false);
      await expect(yard.store.approve('T-404', 'abc')).rejects.toMatchObject({ code: 'no-such-task' });
    });
  });
}
