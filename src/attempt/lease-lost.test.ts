import { existsSync, readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { until } from '../../test/fixtures/yard/until.ts';
import { openYard } from '../../test/fixtures/yard/yard.ts';
import type { LocalYard } from '../../test/fixtures/yard/yard.ts';
import { LEASE_MS } from '../core/lease.ts';
import { systemClock } from '../process/clock.ts';
import { ownIdentity } from '../process/identity.ts';
import { findMarked } from '../process/tree.ts';

const TASK = 'TASK-1';

/** All that an attempt may write to, but for what its agent does in the lane. */
async function dump(yard: LocalYard): Promise<object> {
  const { store } = yard;
  const evidence = readdirSync(join(yard.stateDirectory, `attempts/${TASK}/1`)).filter(
    (name) => name !== 'transcript.ndjson',
  );
  const events = await store.events({});
  return {
    task: await store.task(TASK),
    attempts: await store.attempts(TASK),
    leases: await store.leases(),
    events,
    evidence,
  };
}

test('a second process of the same attempt does nothing', async () => {
  const yard = await openYard();
  await yard.add(TASK);
  await yard.does(TASK, 'echo x > a');
  const dispatched = await yard.dispatch(TASK);
  expect(await yard.store.claim(dispatched.fence, ownIdentity(), systemClock.monotonicMs() + LEASE_MS)).toBe(true);
  const context = await yard.context(TASK, dispatched);
  const before = await dump(yard);
  expect(await yard.run(context)).toBe('not-ours');
  expect(await dump(yard)).toEqual(before);
  expect(existsSync(join(yard.stateDirectory, 'lanes'))).toBe(false);
});

test('withdrawn before it was claimed: it does nothing', async () => {
  const yard = await openYard();
  await yard.add(TASK);
  const dispatched = await yard.dispatch(TASK);
  const context = await yard.context(TASK, dispatched);
  await yard.store.withdraw(TASK, { kind: 'cancelled' });
  const before = await dump(yard);
  expect(await yard.run(context)).toBe('not-ours');
  expect(await dump(yard)).toEqual(before);
});

test('withdrawn while the agent runs: the agent is ended, and nothing is written any more', async () => {
  const yard = await openYard();
  await yard.add(TASK);
  await yard.does(
    TASK,
    'touch "$BASE/up"; setsid sleep 1000 > /dev/null 2>&1 & while :; do echo alive; sleep 0.05; done',
  );
  const dispatched = await yard.dispatch(TASK);
  const context = await yard.context(TASK, dispatched);
  const running = yard.run(context);
  await until('the agent', () => existsSync(yard.path('up')));
  await yard.store.withdraw(TASK, { kind: 'cancelled' });
  const before = await dump(yard);
  expect(await running).toBe('lost');
  expect(findMarked(context.marker)).toEqual([]);
  expect(await dump(yard)).toEqual(before);
  expect(await yard.status(TASK)).toBe('cancelled');
});

test('taken over while the gate runs: its end changes nothing', async () => {
  const yard = await openYard({
    config: { gates: { default: { run: 'touch ../../../gating; until [ -e ../../../go ]; do sleep 0.02; done' } } },
  });
  await yard.add(TASK);
  await yard.does(TASK, 'echo x > a');
  const dispatched = await yard.dispatch(TASK);
  const running = yard.run(await yard.context(TASK, dispatched));
  await until('the gate', () => existsSync(yard.path('gating')));
  await yard.store.lose(await yard.scheduler(), dispatched.fence, TASK, 1, { kind: 'lost', why: 'a test' });
  const before = await yard.store.task(TASK);
  await writeFile(yard.path('go'), '');
  expect(await running).toBe('lost');
  expect(await yard.store.task(TASK)).toEqual(before);
  expect(await yard.record(TASK, 1)).toMatchObject({ outcome: { kind: 'lost' } });
  expect(existsSync(join(yard.stateDirectory, `attempts/${TASK}/1/outcome.json`))).toBe(false);
});
