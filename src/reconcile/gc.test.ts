import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openDriven } from '../../test/fixtures/yard/driven.ts';
import type { GcDecision } from '../core/gc-plan.ts';
import { createRef, listRefs } from '../git/depot.ts';
import { StaleTokenError } from '../store/store.ts';
import { carryOutGc } from './gc.ts';

const stale = new StaleTokenError({ resource: 'scheduler', token: 1 });

test.each([
  ['known', AbortSignal.abort(stale), 'train/x'],
  ['found out before the depot is touched', new AbortController().signal, null],
])('a collection whose lease is lost stops there: %s', async (_, lost, left) => {
  const { yard } = await openDriven();
  const ref = 'refs/yard/attempt/A-1/1/1';
  const [head = ''] = (await listRefs(yard.depot, 'refs/yard')).values();
  await createRef(yard.depot, ref, head);
  mkdirSync(join(yard.stateDirectory, 'train/x'), { recursive: true });
  const doomed = { task: { id: 'A-1', status: 'landed' }, usedMs: 0, sizeBytes: 1, remove: true, why: 'old' } as const;
  const planned: GcDecision[] = [
    { ...doomed, kind: 'train-evidence', name: 'train/x' },
    { ...doomed, kind: 'ref', name: ref },
  ];
  const done = await carryOutGc(yard, planned, { lost, renew: () => Promise.reject(stale) });
  expect(done.depot).toBe('left');
  expect(done.decisions.filter(({ remove }) => !remove).map(({ name }) => name)).toEqual([
    ...(left === null ? [] : [left]),
    ref,
  ]);
  expect(existsSync(join(yard.stateDirectory, 'train/x'))).toBe(left !== null);
  expect((await listRefs(yard.depot, ref)).size).toBe(1);
});
