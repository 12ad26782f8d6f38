import { utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { PoolState } from '../../src/core/pool.ts';
import { NO_COUNTERS } from '../../src/core/task-state.ts';
import { processesOf } from '../fixtures/e2e/own-processes.ts';
import { makeYard } from '../fixtures/e2e/yard.ts';

const MOMENTS = [
  'store.interrupt:before',
  'store.interrupt:commit',
  'store.interrupt:after',
  'process.kill:before',
  'process.kill:after',
  'store.closeKill:before',
  'store.closeKill:commit',
  'store.closeKill:after',
];

const dyingAt = (moment: string): { env: Record<string, string> } => ({ env: { YARD_FAILPOINTS: `${moment}:1:kill` } });

test('stop --now, killed at each of its effects and said again: all is ended, nothing is counted, the lane is kept', async () => {
  const made = await makeYard({
    tasks: [{ id: 'A-1', does: 'echo "$YARD_ATTEMPT" >> lines; touch "$BASE/started-$YARD_ATTEMPT"; wait_for never' }],
  });
  for (const [index, moment] of MOMENTS.entries()) {
    expect(await made.yard(['reconcile'])).toMatchObject({ code: 0 });
    await made.waitForFile(`started-${index + 1}`);
    expect(await made.yard(['stop', '--now'], dyingAt(moment)), moment).toMatchObject({ code: null });
    expect(await made.yard(['stop', '--now']), moment).toMatchObject({ code: 0 });
    expect(await processesOf(join(made.state, 'lanes')), moment).toEqual([]);
    expect(await made.read((reader) => reader.openIntents()), moment).toEqual([]);
    const task = await made.read((reader) => reader.task('A-1'));
    expect(task, moment).toMatchObject({ state: { status: 'ready' }, counters: NO_COUNTERS, attempts: index + 1 });
    expect(await made.yard(['resume'])).toMatchObject({ code: 0 });
  }
  expect(await made.readText('state/lanes/A-1/lines')).toBe(MOMENTS.map((_, index) => index + 1).join('\n'));
});

test('breaker reset, killed at each of its effects and said again', async () => {
  const made = await makeYard({
    config: { limits: { consecutiveFailures: 1, concurrent: 1 } },
    tasks: [{ id: 'A-1', does: 'echo "$YARD_ATTEMPT"; exit 1' }],
  });
  for (const moment of ['before', 'commit', 'after']) {
    expect(await made.yard(['run'])).toMatchObject({ code: 4 });
    const killed = await made.yard(['breaker', 'reset'], dyingAt(`store.resetBreaker:${moment}`));
    expect(killed, moment).toMatchObject({ code: null });
    const inARow = (await made.read((reader) => reader.control())).failuresInARow;
    expect(inARow, moment).toBe(moment === 'after' ? 0 : 1);
    expect(await made.yard(['breaker', 'reset', '--json']), moment).toMatchObject({ code: 0 });
    expect((await made.read((reader) => reader.control())).failuresInARow, moment).toBe(0);
  }
});

test('a pool is paused, resumed and cleared, killed at each of its effects and said again', async () => {
  const refusal = JSON.stringify({ type: 'result', is_error: true, api_error_status: 401 });
  const made = await makeYard({
    config: {
      agents: { claude: { kind: 'claude', run: ['/bin/sh', '-c', `echo '${refusal}'`] } },
      pools: { claude: { login: 'own' } },
      defaults: { agent: 'claude', gate: 'default' },
    },
    tasks: [{ id: 'A-1', does: 'true' }],
  });
  for (const moment of ['before', 'commit', 'after']) {
    await made.yard(['reconcile']);
    await made.yard(['drain']);
    expect((await poolOf(made))?.person, moment).toMatchObject({ type: 'authentication' });
    for (const [action, write, is] of POOL_ACTIONS) {
      const killed = await made.yard(['pools', action, 'claude'], dyingAt(`store.${write}:${moment}`));
      expect(killed, moment).toMatchObject({ code: null });
      expect(is(await poolOf(made)), `${write}:${moment}`).toBe(moment === 'after');
      expect(await made.yard(['pools', action, 'claude']), moment).toMatchObject({ code: 0 });
      expect(is(await poolOf(made)), write).toBe(true);
    }
  }
});

type Made = Awaited<ReturnType<typeof makeYard>>;

async function poolOf(made: Made): Promise<PoolState | undefined> {
  return (await made.read((reader) => reader.spending())).pools.find(({ name }) => name === 'claude')?.state;
}

const POOL_ACTIONS: readonly [string, string, (pool: PoolState | undefined) => boolean][] = [
  ['pause', 'holdPool', (pool) => pool?.paused !== null],
  ['resume', 'resumePool', (pool) => pool?.paused === null],
  ['clear', 'clearPool', (pool) => pool?.person === null],
];

test('doctor --repair, killed while it writes down what it did: the repair is made, and nothing is left to do', async () => {
  const made = await makeYard({ tasks: [{ id: 'A-1', does: 'echo a > a.txt' }] });
  expect(await made.yard(['run'])).toMatchObject({ code: 0 });
  for (const moment of ['before', 'commit', 'after']) {
    const lock = join(made.state, 'depot.git/packed-refs.lock');
    await writeFile(lock, '');
    // Older than any git that other tests run at this moment: none of them can be its holder.
    await utimes(lock, 1, 1);
    expect(await made.yard(['doctor', '--repair'], dyingAt(`store.note:${moment}`)), moment).toMatchObject({
      code: null,
    });
    expect(made.exists('state/depot.git/packed-refs.lock'), moment).toBe(false);
    expect(await made.yard(['doctor', '--repair']), moment).toMatchObject({ code: 0 });
    const noted = await made.read((reader) => reader.events({ types: ['yard.repaired'] }));
    expect(noted.length, moment).toBe(moment === 'after' ? 1 : 0);
  }
});
