import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';

import { startProgram } from '../../test/fixtures/processes/started.ts';
import { useTemporaryDirectory } from '../../test/fixtures/temporary-directory.ts';
import { until } from '../../test/fixtures/yard/until.ts';
import { readRow } from '../process/table.ts';
import { findCgroupPlaces } from './cgroup-places.ts';
import { makeCellGroup } from './cgroup.ts';
import type { CellGroup } from './cgroup.ts';

const LIMITS = { memoryBytes: 256 * 1024 ** 2, processes: 32 };
const FIXTURE = join(import.meta.dirname, '../../test/fixtures/sandbox/killed-in-cgroup.ts');

async function open(context: { skip(why: string): void }): Promise<CellGroup> {
  const group = await makeCellGroup(LIMITS);
  if (group === null) {
    context.skip('no cgroup can be made here');
    throw new Error('skipped');
  }
  onTestFinished(() => group.end());
  return group;
}

/** Directories that a process made. */
function madeBy(pid: number): string[] {
  return findCgroupPlaces().flatMap(({ parent }) =>
    readdirSync(parent).flatMap((name) => (name.startsWith(`yardmaster-${pid}.`) ? [join(parent, name)] : [])),
  );
}

test('a program is in it before it does anything, with its arguments as they are', async (context) => {
  const group = await open(context);
  const [program, ...args] = [...group.entering, 'sh', '-c', 'cat /proc/self/cgroup; printf "%s\\n" "$@"', 'sh'];
  const odd = ['--', '$(echo x)', "a 'b'", '', '-n'];
  const { stdout, status } = spawnSync(program, [...args, ...odd], { encoding: 'utf8' });
  expect(status).toBe(0);
  expect(stdout.split('\n').filter((line) => line.includes(`/yardmaster-${process.pid}.`))).toHaveLength(
    madeBy(process.pid).length,
  );
  expect(stdout.endsWith(`${odd.join('\n')}\n`)).toBe(true);
});

test('its end takes all that is in it, whatever session that is of', async (context) => {
  const group = await open(context);
  const [program, ...args] = [...group.entering, 'sh', '-c', 'setsid sleep 1000 & echo $!; wait'];
  const { line, ended } = await startProgram(program, args, await useTemporaryDirectory());
  const canKill = findCgroupPlaces().some(({ version }) => version === 2);
  if (!canKill) context.skip('cgroups of version 1 alone kill nothing');
  await group.end();
  expect(await ended).toBe('SIGKILL');
  expect(readRow(Number(line))?.alive).not.toBe(true);
  expect(madeBy(process.pid)).toEqual([]);
});

test('what a killed process left is removed once it is empty', async (context) => {
  await open(context);
  const maker = spawn(process.execPath, [FIXTURE], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(maker, 'exit');
  const [line] = (await once(createInterface(maker.stdout), 'line')) as [string];
  const inside = Number(line);
  maker.kill('SIGKILL');
  await ended;
  const left = madeBy(maker.pid ?? 0);
  expect(left.length).toBeGreaterThan(0);
  for (const directory of left) expect(readFileSync(join(directory, 'cgroup.procs'), 'utf8')).toBe(`${inside}\n`);
  await (await makeCellGroup(LIMITS))?.end();
  expect(madeBy(maker.pid ?? 0)).toEqual(left);
  process.kill(inside, 'SIGKILL');
  await until('the end of the program', () => readRow(inside)?.alive !== true);
  await until('the removal', async () => {
    await (await makeCellGroup(LIMITS))?.end();
    return madeBy(maker.pid ?? 0).length === 0;
  });
});
