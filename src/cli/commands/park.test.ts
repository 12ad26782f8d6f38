import { expect, test } from 'vitest';
import { atTerminal } from '../../../test/fixtures/yard/at-terminal.ts';
import { openDriven, schedule } from '../../../test/fixtures/yard/driven.ts';
import { unparkCommand } from './park.ts';

test('of two who put all back at once, neither stops half-way: what the other has done is left out', async () => {
  const driven = await openDriven();
  const ids = ['TASK-1', 'TASK-2', 'TASK-3', 'TASK-4'];
  for (const id of ids) await driven.writeTask({ id });
  await (await schedule(driven.yard)).cycle({ drain: true });
  for (const id of ids) await driven.store.transition(id, { kind: 'parked', why: 'x' });
  const unpark = () => atTerminal(driven, (context) => unparkCommand(context, [], { all: true }));
  const [one, other] = await Promise.all([unpark(), unpark()]);
  expect([one.code, other.code, one.error, other.error]).toEqual([0, 0, null, null]);
  const lines = `${one.out}${other.out}`.trimEnd().split('\n');
  expect(lines.map((line) => line.split(' ')[0]).toSorted((a = '', b = '') => a.localeCompare(b))).toEqual(ids);
  expect(await driven.store.countByStatus()).toMatchObject({ ready: 4, parked: 0 });
});
