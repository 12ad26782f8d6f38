import { expect, test } from 'vitest';
import { openDriven, schedule } from '../../test/fixtures/yard/driven.ts';
import type { DrivenYard } from '../../test/fixtures/yard/driven.ts';
import { readFileAt } from '../../test/fixtures/git/repository.ts';
import { SELF } from '../../test/fixtures/yard/yard.ts';
import { LEASE_MS } from '../core/lease.ts';
import { systemClock } from '../process/clock.ts';
import { ownIdentity } from '../process/identity.ts';
import { runYard } from './run.ts';
import type { RunEnd, RunOptions } from './run.ts';
import type { CycleReport } from './scheduler.ts';
import { Wake } from './wake.ts';

/** Runs the yard; the scheduler gives its lease back afterwards. */
async function run(
  driven: DrivenYard,
  options: Partial<RunOptions> = {},
): Promise<{ end: RunEnd; reports: CycleReport[] }> {
  const wake = new Wake(driven.store);
  const scheduler = await schedule(driven.yard, () => wake.call());
  const reports: CycleReport[] = [];
  const end = await runYard(scheduler, wake, {
    clock: driven.clock,
    maxMs: 3_600_000,
    signal: new AbortController().signal,
    ...options,
    onCycle: async (report) => {
      reports.push(report);
      await options.onCycle?.(report);
    },
  });
  await scheduler.release();
  return { end, reports };
}

test('a backlog runs to its end: one task after the other, a failure that is repaired, and both land', async () => {
  const driven = await openDriven({
    self: SELF,
    config: { gates: { default: { run: 'test ! -e bad', timeout: '1m' } } },
  });
  const { local } = driven;
  await driven.writeTask({ id: 'TASK-1' });
  await driven.writeTask({ id: 'TASK-2', after: ['TASK-1'] });
  await local.does(
    'TASK-1',
    'cat > /dev/null; echo one > a; if [ "$YARD_ATTEMPT" = 1 ]; then touch bad; else rm bad; fi',
  );
  await local.does('TASK-2', 'cat > /dev/null; cat a > b; echo two >> b');
  const { end } = await run(driven);
  expect(end).toMatchObject({ kind: 'settled' });
  expect([await local.status('TASK-1'), await local.status('TASK-2')]).toEqual(['landed', 'landed']);
  expect((await driven.store.task('TASK-1'))?.attempts).toBe(2);
  expect(await readFileAt(local.parts.source, local.target, 'b')).toBe('one\ntwo\n');
  expect(await driven.store.openIntents()).toEqual([]);
});

test('with nothing to do it is settled at once', async () => {
  const driven = await openDriven();
  const { end, reports } = await run(driven);
  expect(end).toMatchObject({ kind: 'settled' });
  expect(reports).toHaveLength(1);
});

test('what waits for a person, or for a task that is not there, is settled', async () => {
  const driven = await openDriven();
  await driven.writeTask({ id: 'TASK-1', after: ['TASK-9'] });
  await driven.writeTask({ id: 'TASK-2', acceptance: [] });
  const { end } = await run(driven);
  expect(end).toMatchObject({ kind: 'settled' });
  expect(driven.started()).toEqual([]);
});

test('stopped by a person: it says by whom and why', async () => {
  const driven = await openDriven();
  await driven.writeTask({ id: 'TASK-1' });
  await driven.store.stop('the operator', 'enough');
  expect((await run(driven)).end).toEqual({ kind: 'stopped', by: 'the operator', why: 'enough' });
  expect(driven.started()).toEqual([]);
});

test('too many failures in a row end it while there is more to start', async () => {
  const driven = await openDriven({ config: { limits: { consecutiveFailures: 1, killGrace: '200ms' } } });
  await driven.writeTask({ id: 'TASK-1' });
  const { end } = await run(driven, {
    onCycle: async ({ commands }) => {
      if (commands.length === 0) return;
      const { token } = await driven.local.record('TASK-1', 1);
      await driven.awaitStarted(1);
      const fence = { resource: 'task:TASK-1', token } as const;
      await driven.store.claim(fence, ownIdentity(), systemClock.monotonicMs() + LEASE_MS);
      await driven.store.finish(fence, 'TASK-1', 1, { kind: 'no-change' });
    },
  });
  expect(end).toEqual({ kind: 'failures', inARow: 1 });
});

test('out of time: nothing more starts, what runs goes on', async () => {
  const driven = await openDriven();
  await driven.writeTask({ id: 'TASK-1' });
  expect((await run(driven, { maxMs: 0 })).end).toEqual({ kind: 'time-limit', ms: 0 });
  expect(await driven.local.status('TASK-1')).toBe('ready');
});

test('interrupted: at once, before a cycle and while it waits', async () => {
  const driven = await openDriven();
  await driven.writeTask({ id: 'TASK-1' });
  const early = await run(driven, { signal: AbortSignal.abort() });
  expect(early).toEqual({ end: { kind: 'interrupted' }, reports: [] });
  const abort = new AbortController();
  const late = await run(driven, { signal: abort.signal, onCycle: () => abort.abort() });
  expect(late.end).toEqual({ kind: 'interrupted' });
  expect(late.reports).toHaveLength(1);
  await driven.awaitStarted(1);
  expect(await driven.local.status('TASK-1')).toBe('running');
});

test('lost: another scheduler has taken over', async () => {
  const driven = await openDriven();
  await driven.writeTask({ id: 'TASK-1' });
  await driven.writeTask({ id: 'TASK-2' });
  const { end } = await run(driven, {
    only: 'TASK-1',
    onCycle: async () => {
      await driven.store.acquire('scheduler', ownIdentity(), systemClock.monotonicMs() + LEASE_MS, () => true);
      const { token } = await driven.local.record('TASK-1', 1);
      await driven.store.claim({ resource: 'task:TASK-1', token }, { ...ownIdentity(), startTime: '1' }, 0);
    },
  });
  expect(end).toEqual({ kind: 'lost' });
  expect(await driven.local.status('TASK-1')).toBe('running');
});

test('until: it ends when that has come about', async () => {
  const driven = await openDriven();
  await driven.writeTask({ id: 'TASK-1' });
  const { end } = await run(driven, { until: ({ commands }) => commands.length > 0 });
  expect(end).toMatchObject({ kind: 'enough' });
  await driven.awaitStarted(1);
});

test('drained: it ends when nothing runs any more, although there is more to start', async () => {
  const driven = await openDriven();
  await driven.writeTask({ id: 'TASK-1' });
  const { end } = await run(driven, { drain: true });
  expect(end).toMatchObject({ kind: 'settled' });
  expect(driven.started()).toEqual([]);
});

test('a wait ends with a call, with a write by anybody, and with the signal', async () => {
  const { store, local } = await openDriven();
  const wake = new Wake(store);
  const never = new AbortController().signal;
  wake.call();
  await wake.wait(never);
  const waiting = wake.wait(never);
  await local.add('TASK-1');
  await waiting;
  await wake.wait(AbortSignal.abort());
});
