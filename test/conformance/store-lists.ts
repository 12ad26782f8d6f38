import { describe, expect, test } from 'vitest';
import type { TaskFilter } from '../../src/store/store.ts';
import { TestYard, imported } from './store-yard.ts';
import type { MakeStore } from './store-yard.ts';

export function listTests(make: MakeStore): void {
  describe('lists', () => {
    test('of tasks hold those that all of the filter holds for', async () => {
      const yard = await TestYard.make(make);
      await yard.store.importTasks([
        imported('T-1', { area: 'api', priority: 3 }),
        imported('T-2', { area: 'web', agent: 'codex:big', after: ['T-1', 'T-404'] }),
        imported('T-3', { agent: 'codex', after: ['T-2'] }),
        imported('T-4', { agent: 'claude:opus:high, codex:small, "odd' }),
        imported('T-10', { area: 'api', agent: 'codexes', after: ['T-1'] }),
      ]);
      await yard.store.withdraw('T-1', { kind: 'cancelled' });
      const found = async (filter: TaskFilter): Promise<string[]> =>
        (await yard.other.list(filter)).map(({ id }) => id).toSorted();
      expect(await found({})).toEqual(['T-1', 'T-10', 'T-2', 'T-3', 'T-4']);
      expect(await found({ statuses: ['ready', 'landed'] })).toEqual(['T-10', 'T-2', 'T-3', 'T-4']);
      expect(await found({ statuses: [] })).toEqual([]);
      expect(await found({ areas: ['api'], statuses: ['cancelled'] })).toEqual(['T-1']);
      expect(await found({ agents: ['codex'] })).toEqual(['T-2', 'T-3', 'T-4']);
      expect(await found({ agents: ['claude', 'codex:big'] })).toEqual(['T-2', 'T-4']);
      expect(await found({ agents: ['codex:small'] })).toEqual(['T-4']);
      expect(await found({ agents: ['"odd'] })).toEqual(['T-4']);
      expect(await found({ agents: ['opus', 'small'] })).toEqual([]);
      expect(await found({ agents: ['codex:big'] })).toEqual(['T-2']);
      expect(await found({ agents: ['codex:big', null] })).toEqual(['T-1', 'T-2']);
      expect(await found({ ids: ['T-3', 'T-404'] })).toEqual(['T-3']);
      expect(await found({ after: 'T-1' })).toEqual(['T-10', 'T-2']);
      expect(await yard.other.list({ ids: ['T-1', 'T-2'] })).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ id: 'T-1', area: 'api', priority: 3, status: 'cancelled', agent: null, after: [] }),
          {
            id: 'T-2',
            title: 'Title of T-2',
            status: 'ready',
            area: 'web',
            priority: 0,
            attempts: 0,
            agent: 'codex:big',
            after: ['T-1', 'T-404'],
          },
        ]),
      );
    });

    test('of attempts that ended have the newest end first, among those that were started last', async () => {
      const yard = await TestYard.make(make);
      const first = await yard.running('T-1');
      const second = await yard.running('T-2');
      await yard.running('T-3');
      await yard.store.finish(second.fence, 'T-2', 1, { kind: 'no-change' });
      yard.pass(5);
      await yard.store.finish(first.fence, 'T-1', 1, { kind: 'no-change' });
      const named = async (among: number): Promise<string[]> =>
        (await yard.other.endedAttempts(among)).map(({ taskId, attempt }) => `${taskId}/${attempt}`);
      expect(await named(10)).toEqual(['T-1/1', 'T-2/1']);
      expect(await named(2)).toEqual(['T-2/1']);
      expect(await named(1)).toEqual([]);
      const again = await yard.dispatch('T-2');
      yard.pass(5);
      await yard.store.finish(again.fence, 'T-2', 2, { kind: 'no-change' });
      expect(await named(10)).toEqual(['T-2/2', 'T-1/1', 'T-2/1']);
      expect((await yard.other.endedAttempts(1))[0]).toMatchObject({ outcome: { kind: 'no-change' }, attempt: 2 });
    });
  });
}
