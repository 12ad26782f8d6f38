import { expect, test } from 'vitest';
import { openDriven, schedule, storeWith } from '../../test/fixtures/yard/driven.ts';
import { hang, runningYard } from '../../test/fixtures/yard/running.ts';
import { attemptMarker } from '../core/marker.ts';
import { LEASE_MS } from '../core/lease.ts';
import { NO_COUNTERS, READY } from '../core/task-state.ts';
import { systemClock } from '../process/clock.ts';
import { isAlive, ownIdentity } from '../process/identity.ts';
import { trainGateMarker, trainMarker } from '../train/train-context.ts';

const kinds = (commands: readonly { readonly kind: string }[]): string[] => commands.map(({ kind }) => kind);

test('a withdrawal whose killer died is completed by the next cycle', async () => {
  const { driven, scheduler, fence } = await runningYard(ownIdentity());
  const left = await hang(driven, attemptMarker(driven.yard.stateDirectory, 'TASK-1', 1, fence.token));
  await driven.store.withdraw('TASK-1', { kind: 'cancelled' });
  expect(isAlive(left)).toBe(true);
  expect((await scheduler.cycle()).commands).toMatchObject([
    { kind: 'kill', subject: { of: 'attempt', taskId: 'TASK-1', attempt: 1, token: fence.token } },
  ]);
  expect(isAlive(left)).toBe(false);
  expect(await driven.store.openIntents()).toEqual([]);
  expect((await scheduler.cycle()).commands).toEqual([]);
});

test('an interruption is completed by the next cycle: attempts, train and its gate', async () => {
  const { driven, scheduler, fence } = await runningYard(ownIdentity());
  const { stateDirectory, store } = driven.yard;
  const train = await store.acquire('train', ownIdentity(), systemClock.monotonicMs() + LEASE_MS, () => true);
  if (train.kind === 'held') throw new Error('held');
  const left = [
    await hang(driven, attemptMarker(stateDirectory, 'TASK-1', 1, fence.token)),
    await hang(driven, trainMarker(stateDirectory)),
    await hang(driven, trainGateMarker(stateDirectory, train.fence.token)),
  ];
  await store.interrupt('the operator', 'enough');
  const report = await scheduler.cycle();
  expect(kinds(report.commands)).toEqual(['kill', 'kill']);
  expect(report.settled).toBe(false);
  expect(left.map((identity) => isAlive(identity))).toEqual([false, false, false]);
  expect(await driven.local.state('TASK-1')).toEqual(READY);
  expect((await scheduler.cycle()).settled).toBe(true);
  await store.resume();
  expect(kinds((await scheduler.cycle()).commands)).toEqual(['dispatch']);
  expect((await store.task('TASK-1'))?.counters).toEqual(NO_COUNTERS);
});

test('what was planned before a stop does not start after it', async () => {
  const driven = await openDriven();
  await driven.writeTask({ id: 'TASK-1' });
  let after = async (): Promise<void> => undefined;
  const scheduler = await schedule({ ...driven.yard, store: storeWith(driven.store, () => after()) });
  await scheduler.cycle({ drain: true });
  after = () => driven.store.stop('the operator', 'enough');
  expect(kinds((await scheduler.cycle()).commands)).toEqual(['dispatch']);
  expect(await driven.local.status('TASK-1')).toBe('ready');
  expect(driven.started()).toEqual([]);
});
