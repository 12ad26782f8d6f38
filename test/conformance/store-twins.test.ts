import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { DEFAULT_RETRY_POLICY, TASK_STATUSES } from '../../src/core/task-state.ts';
import { openStore } from '../../src/store/sqlite-store.ts';
import type { Store } from '../../src/store/store.ts';
import { useTemporaryDirectory } from '../fixtures/temporary-directory.ts';
import { memoryStore } from '../sim/memory-store.ts';
import { Random } from '../sim/random.ts';
import { METHODS, nextCall } from './store-calls.ts';
import { filtersOf, readState } from './store-reading.ts';

// A simulation proves something of the real store only as far as its own behaves the same: here, call by call.

/** Seeds of every run are new ones; a failure names its own, and `TWINS_SEED` begins with it again. */
const FROM = Number(process.env['TWINS_SEED'] ?? Date.now() % 1_000_000_000);
const HISTORIES = 6;
const CALLS = 200;
/** Small limits, so that they are met. */
const POLICY = { ...DEFAULT_RETRY_POLICY, retries: 2, infrastructure: 1, lost: 1, lostTogether: 1, conflicts: 1 };

interface Result {
  readonly value?: unknown;
  readonly error?: { readonly code: unknown; readonly message: string };
}

async function resultOf(act: () => Promise<unknown>): Promise<Result> {
  try {
    return { value: await act() };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return { error: { code: 'code' in error ? error.code : 'a bug', message: error.message } };
  }
}

/** A clock that both stores read, and that is set back now and then. */
class SteppingClock {
  now = 1_000_000;

  nowMs(): number {
    return this.now;
  }

  monotonicMs(): number {
    return this.now;
  }

  pass(random: Random): void {
    this.now += random.once(10) ? -random.below(5_000) : random.below(1_000);
  }
}

test.each(Array.from({ length: HISTORIES }, (_, index) => FROM + index))(
  'the store of the simulation answers as the real one does, call by call; seed %i',
  async (seed) => {
    const random = new Random(seed);
    const clock = new SteppingClock();
    const parts = { clock, policy: () => POLICY };
    const path = join(await useTemporaryDirectory('twins'), 'state.db');
    const openMemory = memoryStore(parts);
    // Two handles on each: what one has written the other one reads.
    const real = [await openStore(path, parts), await openStore(path, parts)] as const;
    const simulated = [openMemory(), openMemory()] as const;
    onTestFinished(async () => {
      for (const store of [...real, ...simulated]) await store.close();
    });
    const calls: string[] = [];
    let seq = 0;
    for (let count = 0; count < CALLS; count += 1) {
      clock.pass(random);
      const call = await nextCall(random, simulated[0]);
      calls.push(call.text);
      const hint = `seed ${seed}, the last of ${calls.length} calls:\n${calls.slice(-12).join('\n')}\n`;
      const [writer, reader] = random.once(2) ? ([0, 1] as const) : ([1, 0] as const);
      const result = await resultOf(() => call.on(real[writer]));
      expect(await resultOf(() => call.on(simulated[writer])), hint).toEqual(result);
      expect(await readState(simulated[reader]), hint).toEqual(await readState(real[reader]));
      for (const filter of filtersOf(seq)) {
        expect(await simulated[reader].events(filter), hint).toEqual(await real[reader].events(filter));
      }
      seq = await lastSeq(real[reader]);
    }
    expect(await simulated[0].events({})).toEqual(await real[0].events({}));
  },
);

async function lastSeq(store: Store): Promise<number> {
  return (await store.events({ newest: true, limit: 1 }))[0]?.seq ?? 0;
}

test('such calls come everywhere: to each method, each state and each refusal', async () => {
  const done = new Set<string>();
  const refused = new Set<string>();
  const statuses = new Set<string>();
  for (let seed = 1; seed <= 20; seed += 1) {
    const random = new Random(seed);
    const clock = new SteppingClock();
    const store = memoryStore({ clock, policy: () => POLICY })();
    for (let count = 0; count < CALLS; count += 1) {
      clock.pass(random);
      const call = await nextCall(random, store);
      const { error } = await resultOf(() => call.on(store));
      if (error === undefined) done.add(call.method);
      else refused.add(String(error.code));
      for (const { state } of await store.rows()) statuses.add(state.status);
    }
  }
  expect(METHODS.filter((method) => !done.has(method))).toEqual([]);
  expect([...refused].toSorted((a, b) => (a < b ? -1 : 1))).toEqual([
    'a bug',
    'hash-mismatch',
    'illegal-transition',
    'no-such-task',
    'stale-token',
    'task-id-case',
    'unproven',
    'yard-stopped',
  ]);
  // Nothing proposes tasks yet.
  expect(TASK_STATUSES.filter((status) => !statuses.has(status))).toEqual(['proposed']);
});
