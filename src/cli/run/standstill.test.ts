import { expect, test } from 'vitest';
import { settlement, wantedTurn } from '../../../test/conformance/store-turns.ts';
import { openDriven, schedule } from '../../../test/fixtures/yard/driven.ts';
import type { DrivenYard } from '../../../test/fixtures/yard/driven.ts';
import type { ProviderFailure } from '../../core/provider-failure.ts';
import { standstill } from './standstill.ts';
import { StandstillTeller } from './standstill-teller.ts';

const TEAM = { agents: { script: { kind: 'command', run: 'true', pool: 'team' } }, pools: { team: {} } };

/** The task meets it, and is ready again. */
async function meet({ store }: DrivenYard, id: string, failure: ProviderFailure): Promise<void> {
  const fence = { resource: `task:${id}`, token: (await store.lease(`task:${id}`))?.token ?? 0 } as const;
  const made = await store.reserveTurn(fence, wantedTurn(id, 1, { pool: 'team' }));
  if (made.kind === 'refused') throw new Error('refused');
  await store.settleTurn(fence, made.turnId, settlement({ end: 'provider', poolEnd: 'failed', failure }));
  await store.finish(fence, id, 1, { kind: 'provider', why: 'refused', retryAtMs: null, pool: 'team', failure });
}

test('that nothing can start is said once, with why, until when and what helps; and anew for another reason', async () => {
  const driven = await openDriven({ config: TEAM });
  const scheduler = await schedule(driven.yard);
  const resetMs = driven.clock.nowMs() + 30 * 60_000;
  await driven.writeTask({ id: 'TASK-1' });
  await scheduler.cycle();
  await meet(driven, 'TASK-1', { type: 'quota', status: 429, resetMs, code: null });
  const said: string[] = [];
  const teller = new StandstillTeller({ say: (text) => void said.push(text ?? '') });
  const look = async (): Promise<void> => {
    const report = await scheduler.cycle({ dryRun: true });
    teller.look(report, driven.clock.nowMs());
  };
  await look();
  driven.clock.pass(60_000);
  await look();
  expect(said).toEqual([
    expect.stringMatching(
      /^nothing can start before \d{4}-\S+ \d\d:\d\d:\d\d: the pool team is put off for another 30 min: its quota is used up \(429\); try at once with: yard pools clear team$/,
    ),
  ]);
  const report = await scheduler.cycle({ dryRun: true });
  expect(standstill(report, driven.clock.nowMs())?.untilMs).toBe(resetMs);

  await driven.store.holdPool('team', 'ada', 'lunch');
  await look();
  await look();
  expect(said.slice(1)).toEqual([
    'nothing can start: the pool team is paused by ada (lunch); go on with: yard pools resume team',
  ]);
});

test('where something starts, nothing is said', async () => {
  const driven = await openDriven({ config: TEAM });
  const scheduler = await schedule(driven.yard);
  await driven.writeTask({ id: 'TASK-1' });
  const starting = await scheduler.cycle({ dryRun: true });
  expect(starting.commands).toHaveLength(1);
  expect(standstill(starting, driven.clock.nowMs())).toBeNull();
  // What waits for another task does not wait for its pool.
  await driven.store.holdPool('team', 'ada', 'lunch');
  await driven.writeTask({ id: 'TASK-1', after: ['TASK-9'] });
  expect(standstill(await scheduler.cycle({ dryRun: true }), driven.clock.nowMs())).toBeNull();
});
