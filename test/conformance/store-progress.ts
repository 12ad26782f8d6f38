import { describe, expect, test } from 'vitest';
import type { AttemptOutcome } from '../../src/core/attempt.ts';
import { TestYard } from './store-yard.ts';
import type { MakeStore } from './store-yard.ts';

const RED: AttemptOutcome = { kind: 'gate-red', head: 'h', summary: 'red', logTail: '' };

/** Runs attempts of a new task one after the other, and returns what it became. */
async function after(yard: TestYard, ends: readonly (readonly [AttemptOutcome, string | null])[]): Promise<string> {
  await yard.add('T-1');
  for (const [outcome, signature] of ends) {
    const { attempt, fence } = await yard.dispatch('T-1');
    await yard.store.finish(fence, 'T-1', attempt, outcome, signature);
  }
  return (await yard.status('T-1')) ?? '';
}

export function progressTests(make: MakeStore): void {
  describe('no progress', () => {
    test('a product failure that repeats the one before it parks the task, and names both', async () => {
      const yard = await TestYard.make(make);
      const ends = [[RED, 'a'] as const, [RED, 'b'] as const, [RED, 'b'] as const];
      expect(await after(yard, ends)).toBe('parked');
      expect(await yard.other.attempts('T-1')).toMatchObject([
        { signature: 'a' },
        { signature: 'b' },
        { signature: 'b' },
      ]);
      expect(await yard.lastEvent()).toMatchObject({
        type: 'task.no-progress',
        attempt: 3,
        data: { why: 'attempts 2 and 3 came to the same: the gate is red: red', to: 'parked' },
      });
      expect((await yard.store.task('T-1'))?.counters.retries).toBe(3);
      expect((await yard.store.control()).failuresInARow).toBe(3);
    });

    test.each([
      [
        'another signature',
        [
          [RED, 'a'],
          [RED, 'b'],
          [RED, 'a'],
        ],
      ],
      [
        'none',
        [
          [RED, null],
          [RED, null],
          [RED, null],
        ],
      ],
      [
        'one that is not counted between them',
        [
          [RED, 'a'],
          [{ kind: 'infrastructure', why: 'disk' }, null],
          [RED, 'a'],
        ],
      ],
      [
        'a failure of the machine',
        [
          [{ kind: 'infrastructure', why: 'x' }, 'a'],
          [{ kind: 'infrastructure', why: 'x' }, 'a'],
        ],
      ],
    ] as const)('%s is progress', async (_, ends) => {
      expect(await after(await TestYard.make(make), ends)).toBe('ready');
    });

    test('a person who puts the task back gives it another chance', async () => {
      const yard = await TestYard.make(make);
      expect(
        await after(yard, [
          [RED, 'a'],
          [RED, 'a'],
        ]),
      ).toBe('parked');
      await yard.store.transition('T-1', { kind: 'unparked' });
      const { attempt, fence } = await yard.dispatch('T-1');
      const record = await yard.store.finish(fence, 'T-1', attempt, RED, 'a');
      expect(record).toMatchObject({ state: { status: 'ready' }, counters: { retries: 1 } });
    });
  });
}
