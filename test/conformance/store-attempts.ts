import { describe, expect, test } from 'vitest';
import { OUTCOME_OWNER } from '../../src/core/attempt.ts';
import type { AttemptOutcome, OutcomeKind } from '../../src/core/attempt.ts';
import { imported, EXPIRES_MS, TestYard, processIdentity } from './store-yard.ts';
import type { MakeStore } from './store-yard.ts';

const head = 'the-head';

/** Each outcome, the state that it leaves the task in, and whether it counts as a failure in a row. */
const OUTCOMES: {
  readonly [K in OutcomeKind]: { outcome: AttemptOutcome & { kind: K }; status: string; counted: boolean };
} = {
  accepted: { outcome: { kind: 'accepted', head }, status: 'accepted', counted: false },
  'gate-red': {
    outcome: { kind: 'gate-red', head, summary: '1 failed', logTail: 'not ok' },
    status: 'ready',
    counted: true,
  },
  'audit-needs-fix': { outcome: { kind: 'audit-needs-fix', head, summary: 'no' }, status: 'ready', counted: true },
  scope: {
    outcome: { kind: 'scope', violations: [{ path: 'a', why: 'outside' }] },
    status: 'ready',
    counted: true,
  },
  'no-change': { outcome: { kind: 'no-change' }, status: 'ready', counted: true },
  'no-packet': {
    outcome: { kind: 'no-packet', why: 'it said nothing', outputTail: '' },
    status: 'ready',
    counted: true,
  },
  question: { outcome: { kind: 'question', text: 'red or blue?' }, status: 'blocked', counted: false },
  'needs-approval': {
    outcome: { kind: 'needs-approval', head, hash: 'h', paths: ['.yard/config.yaml'] },
    status: 'blocked',
    counted: false,
  },
  budget: { outcome: { kind: 'budget', of: 'day', why: 'spent' }, status: 'ready', counted: false },
  provider: { outcome: { kind: 'provider', why: 'quota', retryAtMs: 9e12 }, status: 'ready', counted: false },
  infrastructure: { outcome: { kind: 'infrastructure', why: 'no disk' }, status: 'ready', counted: true },
  conflict: { outcome: { kind: 'conflict', paths: ['a'], why: 'both' }, status: 'ready', counted: false },
  integrity: { outcome: { kind: 'integrity', why: 'tampered' }, status: 'parked', counted: true },
  policy: { outcome: { kind: 'policy', why: 'gitlink', paths: ['a'] }, status: 'parked', counted: true },
  cancelled: { outcome: { kind: 'cancelled' }, status: 'cancelled', counted: false },
  lost: { outcome: { kind: 'lost', why: 'killed' }, status: 'ready', counted: false },
};

export function attemptTests(make: MakeStore): void {
  describe('attempts', () => {
    test('dispatch makes the attempt, the unclaimed lease and the intent together', async () => {
      const yard = await TestYard.make(make);
      await yard.add('T-1');
      const seq = await yard.lastSeq();
      const { attempt, fence, intentId } = await yard.dispatch('T-1');
      expect(attempt).toBe(1);
      expect(await yard.store.task('T-1')).toMatchObject({
        attempts: 1,
        state: { status: 'running', attempt: 1, entry: { phase: 'implementing' } },
      });
      const record = {
        taskId: 'T-1',
        attempt: 1,
        token: fence.token,
        phase: 'preparing',
        outcome: null,
        signature: null,
        agent: 'mock',
        pool: null,
        run: yard.scheduler.token,
        base: null,
        head: null,
        startedMs: yard.nowMs,
        finishedMs: null,
        activityMs: yard.nowMs,
        activity: '',
      };
      expect(await yard.store.attempts('T-1')).toEqual([record]);
      expect(await yard.store.runningAttempts()).toEqual([record]);
      const intent = { kind: 'spawn', taskId: 'T-1', attempt: 1, token: fence.token };
      expect(await yard.store.openIntents()).toEqual([{ id: intentId, intent, openedMs: yard.nowMs }]);
      expect(await yard.store.events({ sinceSeq: seq })).toMatchObject([
        { type: 'task.leased', taskId: 'T-1', attempt: 1, data: { attempt: 1, from: 'ready', to: 'running' } },
      ]);
    });

    test('only a ready task is dispatched', async () => {
      const yard = await TestYard.make(make);
      await yard.running('T-1');
      const before = await yard.dump();
      await expect(yard.dispatch('T-1')).rejects.toMatchObject({ code: 'illegal-transition' });
      await expect(yard.dispatch('T-404')).rejects.toMatchObject({ code: 'no-such-task', taskId: 'T-404' });
      expect(await yard.dump()).toEqual(before);
    });

    test('spawned closes the intent, once and for all', async () => {
      const yard = await TestYard.make(make);
      await yard.add('T-1');
      const { intentId } = await yard.dispatch('T-1');
      await yard.store.spawned(yard.scheduler, intentId);
      expect(await yard.store.openIntents()).toEqual([]);
      await yard.store.spawned(yard.scheduler, intentId);
      await expect(yard.store.spawned(yard.scheduler, 4711)).rejects.toThrow('4711');
    });

    test('progress changes what is given, and speaks of phases only', async () => {
      const yard = await TestYard.make(make);
      const { fence } = await yard.running('T-1');
      const seq = await yard.lastSeq();
      yard.pass(5);
      await yard.store.progress(fence, 'T-1', 1, { activity: 'reads src/a.ts' });
      expect(await yard.lastSeq()).toBe(seq);
      expect(await yard.store.runningAttempts()).toMatchObject([
        { activity: 'reads src/a.ts', activityMs: yard.nowMs, phase: 'preparing', base: null },
      ]);
      await yard.store.progress(fence, 'T-1', 1, { phase: 'implementing', base: 'b' });
      await yard.store.progress(fence, 'T-1', 1, { phase: 'implementing' });
      await yard.store.progress(fence, 'T-1', 1, { phase: 'gating', head: 'h' });
      expect(await yard.store.runningAttempts()).toMatchObject([
        { activity: 'reads src/a.ts', phase: 'gating', base: 'b', head: 'h' },
      ]);
      expect(await yard.store.events({ sinceSeq: seq })).toMatchObject([
        { type: 'attempt.phase', taskId: 'T-1', attempt: 1, data: { phase: 'implementing', from: 'preparing' } },
        { type: 'attempt.phase', taskId: 'T-1', attempt: 1, data: { phase: 'gating', from: 'implementing' } },
      ]);
    });

    for (const { outcome, status, counted } of Object.values(OUTCOMES)) {
      test(`finish with ${outcome.kind} leaves the task ${status}, the attempt ended and the lease free`, async () => {
        const yard = await TestYard.make(make);
        await yard.add('T-1');
        const { fence } = await yard.dispatch('T-1');
        await yard.store.claim(fence, processIdentity(7), EXPIRES_MS);
        await yard.store.progress(fence, 'T-1', 1, { phase: 'implementing' });
        const seq = await yard.lastSeq();
        yard.pass(50);
        const record = await yard.store.finish(fence, 'T-1', 1, outcome);
        expect(record.state.status).toBe(status);
        expect(record).toEqual(await yard.other.task('T-1'));
        expect(await yard.store.attempts('T-1')).toMatchObject([
          { phase: 'finished', outcome, finishedMs: yard.nowMs, head: 'head' in outcome ? head : null },
        ]);
        expect(await yard.store.lease(fence.resource)).toBeNull();
        expect(await yard.store.openIntents()).toEqual([]);
        expect(await yard.store.runningAttempts()).toEqual([]);
        const [finished, task, ...rest] = await yard.store.events({ sinceSeq: seq });
        expect(finished).toMatchObject({ type: 'attempt.finished', taskId: 'T-1', attempt: 1, data: { outcome } });
        expect(task).toMatchObject({ taskId: 'T-1', attempt: 1, data: { from: 'running', to: status } });
        expect(rest).toEqual([]);
        expect((await yard.store.control()).failuresInARow).toBe(counted ? 1 : 0);
        await expect(yard.store.finish(fence, 'T-1', 1, outcome)).rejects.toMatchObject({ code: 'stale-token' });
      });
    }

    test('every outcome is here', () => {
      expect(Object.keys(OUTCOMES).toSorted()).toEqual(Object.keys(OUTCOME_OWNER).toSorted());
    });

    test('failures in a row are counted over all tasks, until one is accepted', async () => {
      const yard = await TestYard.make(make);
      const failures = async () => (await yard.store.control()).failuresInARow;
      for (const id of ['T-1', 'T-2', 'T-3']) {
        const { fence } = await yard.running(id);
        await yard.store.finish(fence, id, 1, { kind: 'no-change' });
      }
      expect(await failures()).toBe(3);
      const asked = await yard.running('T-4');
      await yard.store.finish(asked.fence, 'T-4', 1, { kind: 'question', text: 'which?' });
      expect(await failures()).toBe(3);
      const lost = await yard.running('T-5');
      await yard.store.lose(yard.scheduler, lost.fence, 'T-5', 1, { kind: 'lost', why: 'killed' });
      expect(await failures()).toBe(3);
      await yard.accepted('T-6');
      expect(await failures()).toBe(0);
    });

    test('lose ends the attempt, voids the token and closes the intent', async () => {
      const yard = await TestYard.make(make);
      await yard.add('T-1');
      const { fence } = await yard.dispatch('T-1');
      const outcome = { kind: 'infrastructure', why: 'no process came up' } as const;
      const record = await yard.store.lose(yard.scheduler, fence, 'T-1', 1, outcome);
      expect(record.state).toMatchObject({ status: 'ready', notBeforeMs: yard.nowMs + 5_000 });
      expect(await yard.store.openIntents()).toEqual([]);
      expect(await yard.store.lease(fence.resource)).toBeNull();
      expect(await yard.store.attempts('T-1')).toMatchObject([{ phase: 'finished', outcome }]);
      expect(await yard.store.claim(fence, processIdentity(7), EXPIRES_MS)).toBe(false);
      await expect(yard.store.finish(fence, 'T-1', 1, { kind: 'accepted', head })).rejects.toMatchObject({
        code: 'stale-token',
      });
      expect((await yard.dispatch('T-1')).attempt).toBe(2);
    });

    test('what goes on at its gate is the work of whoever made it; what begins anew is not', async () => {
      const yard = await TestYard.make(make);
      await yard.add('T-1');
      const agents = ['codex', 'claude', 'qwen', 'pi'];
      for (const [index, agent] of agents.entries()) {
        if (agent === 'qwen') await yard.store.importTasks([imported('T-1', { title: 'Another' }, 'hash-2')]);
        const bounds = { bootId: 'boot', expiresMonotonicMs: EXPIRES_MS };
        const { fence, attempt } = await yard.store.dispatch(yard.scheduler, 'T-1', { agent, ...bounds });
        if (index === 0) await yard.store.progress(fence, 'T-1', attempt, { phase: 'gating', head: 'h' });
        const outcome = index < 2 ? ({ kind: 'lost', why: 'killed' } as const) : ({ kind: 'no-change' } as const);
        await yard.store.lose(yard.scheduler, fence, 'T-1', attempt, outcome);
      }
      const made = (await yard.store.attempts('T-1')).map(({ agent }) => agent);
      expect(made).toEqual(['codex', 'codex', 'qwen', 'pi']);
    });

    test('a lost worker that comes back changes nothing of the next attempt', async () => {
      const yard = await TestYard.make(make);
      const first = await yard.running('T-1');
      await yard.store.lose(yard.scheduler, first.fence, 'T-1', 1, { kind: 'lost', why: 'frozen' });
      await yard.dispatch('T-1');
      const before = await yard.dump();
      const stale = { code: 'stale-token' };
      await expect(yard.other.progress(first.fence, 'T-1', 1, { phase: 'gating' })).rejects.toMatchObject(stale);
      await expect(yard.other.finish(first.fence, 'T-1', 1, { kind: 'no-change' })).rejects.toMatchObject(stale);
      await expect(yard.other.renew(first.fence, 1)).rejects.toMatchObject(stale);
      await yard.other.release(first.fence);
      expect(await yard.dump()).toEqual(before);
    });
  });
}
