import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openDriven, schedule, storeWith, watch } from '../../test/fixtures/yard/driven.ts';
import type { DrivenYard } from '../../test/fixtures/yard/driven.ts';
import { fenceOf, runningYard } from '../../test/fixtures/yard/running.ts';
import { until } from '../../test/fixtures/yard/until.ts';
import { attemptMarker } from '../core/marker.ts';
import { LEASE_MS } from '../core/lease.ts';
import type { Fence } from '../core/lease.ts';
import type { ProcessIdentity } from '../core/process-identity.ts';
import { systemClock } from '../process/clock.ts';
import { isAlive, ownIdentity } from '../process/identity.ts';
import { findMarked } from '../process/tree.ts';
import { Scheduler } from './scheduler.ts';

const DEAD = (): ProcessIdentity => ({ ...ownIdentity(), startTime: '1' });
const kinds = (commands: readonly { readonly kind: string }[]): string[] => commands.map(({ kind }) => kind);

test('tasks are imported and started: lease, attempt and intent first, then the process', async () => {
  const driven = await openDriven();
  await driven.writeTask({ id: 'TASK-2', after: ['TASK-1'] });
  await driven.writeTask({ id: 'TASK-1' });
  const scheduler = await schedule(driven.yard);
  const report = await scheduler.cycle();
  expect(report.imported.added.toSorted()).toEqual(['TASK-1', 'TASK-2']);
  expect(report.commands).toMatchObject([{ kind: 'dispatch', taskId: 'TASK-1' }]);
  const { token } = await fenceOf(driven, 'TASK-1');
  const { pinHash } = await driven.yard.settings.current();
  expect(await driven.awaitStarted(1)).toEqual([`attempt ${driven.yard.stateDirectory} TASK-1 1 ${token} ${pinHash}`]);
  expect(await driven.store.lease('task:TASK-1')).toMatchObject({ owner: null });
  expect(await driven.store.openIntents()).toEqual([]);
  expect((await scheduler.cycle()).commands).toEqual([]);
});

test('an edit takes effect at once on a task that waits, and only afterwards on one that runs', async () => {
  const { driven, scheduler, fence } = await runningYard(ownIdentity());
  await driven.writeTask({ id: 'TASK-2', after: ['TASK-1'] });
  await scheduler.cycle();
  await driven.writeTask({ id: 'TASK-1', title: 'New one' });
  await driven.writeTask({ id: 'TASK-2', title: 'New two', after: ['TASK-1'] });
  expect((await scheduler.cycle()).imported.changed).toEqual(['TASK-2']);
  const titles = async (): Promise<string[]> => (await driven.store.rows()).map(({ title }) => title).toSorted();
  expect(await titles()).toEqual(['Do TASK-1', 'New two']);
  await driven.store.finish(fence, 'TASK-1', 1, { kind: 'no-change' });
  const report = await scheduler.cycle();
  expect(report.imported.changed).toEqual(['TASK-1']);
  expect(report.commands).toMatchObject([{ kind: 'dispatch', taskId: 'TASK-1', title: 'New one' }]);
  expect(await titles()).toEqual(['New one', 'New two']);
});

test('a file that is deleted cancels only what never started', async () => {
  const { driven, scheduler, fence } = await runningYard(ownIdentity());
  await driven.writeTask({ id: 'TASK-2', after: ['TASK-1'] });
  await scheduler.cycle();
  await driven.store.finish(fence, 'TASK-1', 1, { kind: 'question', text: 'Which?' });
  await driven.removeTask('TASK-1');
  await driven.removeTask('TASK-2');
  expect((await scheduler.cycle()).imported.removed).toEqual(['TASK-2']);
  expect([await driven.local.status('TASK-1'), await driven.local.status('TASK-2')]).toEqual(['blocked', 'cancelled']);
  expect((await scheduler.cycle()).imported.removed).toEqual([]);
});

test('a task that a person cancels just before its file goes, or just after it came, disturbs nothing', async () => {
  const driven = await openDriven();
  await driven.writeTask({ id: 'TASK-1', after: ['TASK-9'] });
  let then = async (): Promise<void> => undefined;
  const scheduler = await schedule({ ...driven.yard, store: storeWith(driven.store, () => then()) });
  await scheduler.cycle();
  await driven.removeTask('TASK-1');
  await driven.writeTask({ id: 'TASK-2', after: ['TASK-9'] });
  then = async () => {
    then = async () => undefined;
    await driven.store.withdraw('TASK-1', { kind: 'cancelled' });
  };
  expect((await scheduler.cycle()).imported).toMatchObject({ added: ['TASK-2'] });
  await driven.store.withdraw('TASK-2', { kind: 'cancelled' });
  for (let n = 0; n < 2; n += 1)
    expect((await scheduler.cycle()).imported).toMatchObject({ added: [], changed: [], removed: [] });
});

test('what is wrong with one file is reported; the others start', async () => {
  const driven = await openDriven();
  await driven.writeTask({ id: 'TASK-1', title: '' });
  await driven.writeTask({ id: 'TASK-2' });
  const scheduler = await schedule(driven.yard);
  const report = await scheduler.cycle();
  expect(report.problems).toHaveLength(1);
  expect(report.commands).toMatchObject([{ kind: 'dispatch', taskId: 'TASK-2' }]);
});

test('an attempt whose process died is lost, and its task starts again', async () => {
  const { driven, scheduler } = await runningYard(DEAD());
  const report = await scheduler.cycle();
  expect(report.commands).toMatchObject([
    { kind: 'recover', taskId: 'TASK-1', attempt: 1, why: 'owner-dead', together: false },
  ]);
  expect(await driven.local.outcome('TASK-1', 1)).toMatchObject({ kind: 'lost' });
  expect(kinds((await scheduler.cycle()).commands)).toEqual(['dispatch']);
  expect((await driven.store.task('TASK-1'))?.counters).toMatchObject({ lost: 1, retries: 0 });
});

test('an attempt of another boot is lost', async () => {
  const { driven, scheduler } = await runningYard({ ...ownIdentity(), bootId: 'another' });
  expect((await scheduler.cycle()).commands).toMatchObject([{ kind: 'recover', why: 'rebooted' }]);
  expect(await driven.local.outcome('TASK-1', 1)).toMatchObject({ kind: 'lost' });
});

test('an attempt whose process died before it took it up is lost', async () => {
  const { driven, scheduler, fence } = await runningYard(null, { self: ['/bin/true'] });
  const marker = attemptMarker(driven.yard.stateDirectory, 'TASK-1', 1, fence.token);
  await until('the end of the process', () => findMarked(marker).length === 0);
  expect((await scheduler.cycle()).commands).toMatchObject([{ kind: 'recover', why: 'owner-dead' }]);
  expect(await driven.local.outcome('TASK-1', 1)).toMatchObject({ kind: 'lost' });
});

test('an attempt that its process does not take up is the machine’s failure, once its time is over', async () => {
  const { driven, scheduler, fence } = await runningYard(null);
  const [hanging] = findMarked(attemptMarker(driven.yard.stateDirectory, 'TASK-1', 1, fence.token));
  expect((await scheduler.cycle()).commands).toEqual([]);
  expect(await watch(driven, scheduler, 2 * LEASE_MS)).toMatchObject([{ kind: 'recover', why: 'unclaimed' }]);
  expect(await driven.local.outcome('TASK-1', 1)).toMatchObject({ kind: 'infrastructure' });
  expect(hanging !== undefined && !isAlive(hanging)).toBe(true);
});

test('an attempt that does not renew its lease is ended, with all that it started, and its lane stays', async () => {
  const { driven, scheduler, fence } = await runningYard(null);
  const [hanging] = findMarked(attemptMarker(driven.yard.stateDirectory, 'TASK-1', 1, fence.token));
  if (hanging === undefined) throw new Error('there is no process');
  await driven.store.claim(fence, hanging, driven.clock.monotonicMs() + LEASE_MS);
  expect((await scheduler.cycle()).commands).toEqual([]);
  expect(await watch(driven, scheduler, 2 * LEASE_MS)).toMatchObject([{ kind: 'recover', why: 'expired' }]);
  expect(isAlive(hanging)).toBe(false);
  expect(await driven.local.outcome('TASK-1', 1)).toMatchObject({ kind: 'lost' });
});

test('a worker that cannot be started is the machine’s failure', async () => {
  const driven = await openDriven({ self: ['/nonexistent/program'] });
  await driven.writeTask({ id: 'TASK-1' });
  const scheduler = await schedule(driven.yard);
  await scheduler.cycle();
  expect(await driven.local.outcome('TASK-1', 1)).toMatchObject({ kind: 'infrastructure' });
  expect(await driven.local.events('worker.spawn-failed')).toHaveLength(1);
  expect(await driven.store.openIntents()).toEqual([]);
});

const ENDS = (driven: DrivenYard, fence: Fence): Promise<unknown> =>
  driven.store.finish(fence, 'TASK-1', 1, { kind: 'accepted', head: 'a'.repeat(40) });
const IS_CANCELLED = (driven: DrivenYard): Promise<unknown> => driven.store.withdraw('TASK-1', { kind: 'cancelled' });

test.each([
  ['ends after the look of the cycle', ENDS, 'view'],
  ['ends after the last look', ENDS, 'lease'],
  ['is cancelled after the look of the cycle', IS_CANCELLED, 'view'],
  ['is cancelled after the last look', IS_CANCELLED, 'lease'],
] as const)('an attempt that %s stays as it is, and the cycle goes on', async (_, meanwhile, look) => {
  const { driven, scheduler: first, fence } = await runningYard(DEAD());
  await first.release();
  let isOver = false;
  const after = async (): Promise<void> => {
    if (isOver) return;
    isOver = true;
    await meanwhile(driven, fence);
  };
  const scheduler = await schedule({ ...driven.yard, store: storeWith(driven.store, after, look) });
  expect(kinds((await scheduler.cycle()).commands)).toEqual(['recover']);
  expect(isOver).toBe(true);
  expect(await driven.local.outcome('TASK-1', 1)).not.toMatchObject({ kind: 'lost' });
});

test('a task that is cancelled between the look and its start is not started', async () => {
  const driven = await openDriven();
  await driven.writeTask({ id: 'TASK-1', after: ['TASK-2'] });
  await driven.writeTask({ id: 'TASK-2' });
  await driven.writeTask({ id: 'TASK-3' });
  let then = async (): Promise<void> => undefined;
  const scheduler = await schedule({ ...driven.yard, store: storeWith(driven.store, () => then()) });
  await scheduler.cycle({ drain: true });
  then = async () => {
    await driven.store.withdraw('TASK-2', { kind: 'cancelled' });
  };
  expect(kinds((await scheduler.cycle()).commands)).toEqual(['dispatch', 'dispatch']);
  expect(await driven.awaitStarted(1)).toEqual([expect.stringContaining('TASK-3')]);
  expect([await driven.local.status('TASK-2'), await driven.local.status('TASK-3')]).toEqual(['cancelled', 'running']);
});

test('a dry run says what would be done, and writes nothing', async () => {
  const driven = await openDriven();
  await driven.writeTask({ id: 'TASK-1' });
  await driven.writeTask({ id: 'TASK-2', after: ['TASK-1'] });
  await driven.local.accept('TASK-3', { a: 'a\n' });
  await driven.yard.settings.current();
  const { store } = driven;
  const fence = await driven.local.scheduler();
  await store.release(fence);
  const scheduler = await schedule(driven.yard);
  const dump = async (): Promise<object> => ({
    rows: await store.rows(),
    events: await store.events({}),
    leases: await store.leases(),
    files: readdirSync(driven.yard.stateDirectory, { recursive: true }).filter(
      (name) => !String(name).startsWith('state.db'),
    ),
  });
  const before = await dump();
  const dry = await scheduler.cycle({ dryRun: true });
  expect(await dump()).toEqual(before);
  expect(driven.started()).toEqual([]);
  expect(dry.imported.added.toSorted()).toEqual(['TASK-1', 'TASK-2']);
  expect(kinds(dry.commands)).toEqual(['integrate', 'dispatch']);
  const wet = await scheduler.cycle();
  expect(wet.commands).toEqual(dry.commands);
  await driven.awaitStarted(2);
});

test('drain starts nothing, no-land starts no train, only starts one', async () => {
  const driven = await openDriven();
  for (const id of ['TASK-1', 'TASK-2']) await driven.writeTask({ id });
  await driven.local.accept('TASK-3', { a: 'a\n' });
  await driven.store.release(await driven.local.scheduler());
  const scheduler = await schedule(driven.yard);
  expect((await scheduler.cycle({ drain: true, noLand: true })).commands).toEqual([]);
  expect((await scheduler.cycle({ only: 'TASK-2', noLand: true })).commands).toMatchObject([
    { kind: 'dispatch', taskId: 'TASK-2' },
  ]);
  expect(kinds((await scheduler.cycle({ drain: true })).commands)).toEqual(['integrate']);
  const started = await driven.awaitStarted(2);
  expect(started.map((line) => line.split(' ', 1).join()).toSorted()).toEqual(['attempt', 'train']);
  // It has just been started: it is not started again.
  expect(kinds((await scheduler.cycle({ drain: true })).commands)).toEqual([]);
});

test('where nothing can land, no train starts, attempts do', async () => {
  const driven = await openDriven();
  await driven.writeTask({ id: 'TASK-1' });
  await driven.local.accept('TASK-3', { a: 'a\n' });
  await driven.store.release(await driven.local.scheduler());
  await driven.local.git('checkout', '-q', 'agent/integration');
  const scheduler = await schedule(driven.yard);
  const report = await scheduler.cycle();
  expect(kinds(report.commands)).toEqual(['dispatch']);
  expect(report.snapshot.landingBlocked).toContain('checked out');
  await driven.local.git('checkout', '-q', 'main');
  expect(kinds((await scheduler.cycle()).commands)).toEqual(['integrate']);
  await driven.awaitStarted(2);
});

test('case 20: one scheduler at a time; one that died is followed, and a stale one writes nothing', async () => {
  const driven = await openDriven();
  await driven.writeTask({ id: 'TASK-1' });
  const { store, yard } = driven;
  await store.acquire('scheduler', DEAD(), systemClock.monotonicMs() + LEASE_MS, () => false);
  const scheduler = await schedule(yard);
  expect(await Scheduler.acquire(yard, () => undefined)).toMatchObject({ kind: 'held' });
  await scheduler.cycle({ drain: true });
  await store.acquire('scheduler', ownIdentity(), systemClock.monotonicMs() + LEASE_MS, () => true);
  const stale = { code: 'stale-token', resource: 'scheduler' };
  await expect(scheduler.cycle()).rejects.toMatchObject(stale);
  expect(await driven.local.status('TASK-1')).toBe('ready');
  await driven.writeTask({ id: 'TASK-2' });
  await expect(scheduler.cycle()).rejects.toMatchObject(stale);
  expect(await store.task('TASK-2')).toBeNull();
  await driven.removeTask('TASK-1');
  await driven.removeTask('TASK-2');
  await expect(scheduler.cycle({ drain: true })).rejects.toMatchObject(stale);
  expect(await driven.local.status('TASK-1')).toBe('ready');
  expect(await store.attempts('TASK-1')).toEqual([]);
  expect(existsSync(join(yard.stateDirectory, 'logs'))).toBe(false);
});
