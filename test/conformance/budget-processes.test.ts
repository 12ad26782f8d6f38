import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { NOTHING } from '../../src/core/budget.ts';
import { dayOf } from '../../src/core/day.ts';
import { DEFAULT_RETRY_POLICY } from '../../src/core/task-state.ts';
import { systemClock } from '../../src/process/clock.ts';
import { openStore } from '../../src/store/sqlite-store.ts';
import { useTemporaryDirectory } from '../fixtures/temporary-directory.ts';
import { imported, processIdentity } from './store-yard.ts';

const SPENDER = fileURLToPath(new URL('../fixtures/store/spender.ts', import.meta.url));
const WORKERS = 6;
const LIMIT = 300_000;
const SLOW_MS = 120_000;

interface Report {
  readonly turns: number;
  readonly dearest: number;
}

/** Workers that spend one budget from processes of their own, side by side, until it is spent. */
async function spend(reserve: number, most: number) {
  const path = join(await useTemporaryDirectory('budget'), 'state.db');
  const store = await openStore(path, { clock: systemClock, policy: () => DEFAULT_RETRY_POLICY });
  onTestFinished(() => store.close());
  const taken = await store.acquire('scheduler', processIdentity(1), 1e15, () => false);
  if (taken.kind === 'held') throw new Error('it is held');
  const ids = Array.from({ length: WORKERS }, (_, index) => `T-${index + 1}`);
  await store.importTasks(ids.map((id) => imported(id)));
  const workers = [];
  const firstDay = dayOf(systemClock.nowMs());
  for (const [index, id] of ids.entries()) {
    const options = { agent: 'mock', pool: 'shared', bootId: 'boot-1', expiresMonotonicMs: 1e15 };
    const { fence } = await store.dispatch(taken.fence, id, options);
    const args = [SPENDER, path, id, ...[fence.token, LIMIT, reserve, most, index + 1].map(String)];
    const child = spawn(process.execPath, args, { env: { PATH: process.env['PATH'] } });
    const exited = once(child, 'close');
    onTestFinished(async () => {
      child.kill('SIGKILL');
      await exited;
    });
    child.stderr.pipe(process.stderr);
    workers.push({ child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() });
  }
  for (const { lines } of workers) expect((await lines.next()).value).toBe('ready');
  for (const { child } of workers) child.stdin.write('go\n');
  const reports: Report[] = [];
  for (const { lines } of workers) reports.push(JSON.parse((await lines.next()).value as string) as Report);
  const lastDay = dayOf(systemClock.nowMs());
  const days = [];
  for (let day = firstDay; day <= lastDay; day += 1) days.push(await store.spend({ scope: 'day', period: day }));
  const tasks = [];
  for (const id of ids) tasks.push(await store.spend({ scope: `task:${id}`, period: 0 }));
  return { reports, days, tasks };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

test(
  'a limit is overshot by one turn at most for each worker, however dear its turns are',
  { timeout: SLOW_MS },
  async () => {
    const { reports, days, tasks } = await spend(1_000, 20_000);
    const dearest = Math.max(...reports.map((report) => report.dearest));
    for (const { settled, reserved } of days) {
      expect(settled.usdMicros).toBeLessThan(LIMIT + WORKERS * dearest);
      expect(reserved).toEqual(NOTHING);
    }
    // All of it was there to be spent, and every scope has the same sum.
    expect(sum(days.map(({ settled }) => settled.usdMicros))).toBeGreaterThanOrEqual(LIMIT);
    expect(sum(tasks.map(({ settled }) => settled.usdMicros))).toBe(sum(days.map(({ settled }) => settled.usdMicros)));
    expect(sum(reports.map(({ turns }) => turns))).toBe(sum(days.map(({ turns }) => turns)));
  },
);

test(
  'a limit is overshot by less than one turn in all where none uses more than was reserved for it',
  { timeout: SLOW_MS },
  async () => {
    const reserve = 7_000;
    const { days } = await spend(reserve, reserve);
    for (const { settled } of days) expect(settled.usdMicros).toBeLessThan(LIMIT + reserve);
  },
);
