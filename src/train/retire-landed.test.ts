import { existsSync, readFileSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { listRefsOf, readFileAt } from '../../test/fixtures/git/repository.ts';
import { openYard } from '../../test/fixtures/yard/yard.ts';
import type { LocalYard } from '../../test/fixtures/yard/yard.ts';

const TASK = 'A-1';

/** A task that is accepted, whose lane was changed afterwards, by what nobody knows. */
async function accepted(config: Readonly<Record<string, unknown>> = {}): Promise<LocalYard> {
  const yard = await openYard({ files: { '.gitignore': '*.log\n' }, config });
  await yard.add(TASK);
  await yard.does(TASK, 'echo a > a; echo said > run.log; echo no > other.log');
  expect((await yard.attempt(TASK)).outcome?.kind).toBe('accepted');
  return yard;
}

const lane = (yard: LocalYard, path = ''): string => join(yard.stateDirectory, 'lanes', TASK, path);

test('the lane of what has landed goes, and what did not land is kept', async () => {
  const yard = await accepted({ salvage: { include: ['run.log'] } });
  await writeFile(lane(yard, 'late'), 'late');
  expect(await yard.train()).toEqual({ kind: 'empty' });
  expect(await yard.status(TASK)).toBe('landed');
  expect(existsSync(lane(yard))).toBe(false);
  const kept = await listRefsOf(yard.depot.path, 'refs/yard/salvage');
  expect(Object.keys(kept)).toEqual([`refs/yard/salvage/${TASK}/1`]);
  expect(await readFileAt(yard.depot.path, `refs/yard/salvage/${TASK}/1`, 'late')).toBe('late');
  expect(await readFileAt(yard.depot.path, `refs/yard/salvage/${TASK}/1`, 'run.log')).toBe('said\n');
  expect(await listRefsOf(yard.depot.path, 'refs/yard/lane')).toEqual({});
});

test('of a lane that holds no more than what has landed, nothing is kept', async () => {
  const yard = await accepted();
  await yard.train();
  expect(await yard.status(TASK)).toBe('landed');
  expect(existsSync(lane(yard))).toBe(false);
  expect(await listRefsOf(yard.depot.path, 'refs/yard/salvage')).toEqual({});
});

test('a lane that cannot be kept elsewhere stays, is told of, and holds up no landing', async () => {
  const yard = await accepted();
  await writeFile(lane(yard, 'late'), 'late');
  const refs = join(yard.depot.path, 'refs/yard');
  await mkdir(refs, { recursive: true });
  await writeFile(join(refs, 'salvage'), `${yard.parts.base}\n`);
  await yard.train();
  expect(await yard.status(TASK)).toBe('landed');
  expect(readFileSync(lane(yard, 'late'), 'utf8')).toBe('late');
  expect(await yard.events('lane.stays', TASK)).toMatchObject([{ attempt: 1 }]);
  rmSync(join(refs, 'salvage'));
});
