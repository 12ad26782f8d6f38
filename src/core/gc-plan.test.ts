import { expect, test } from 'vitest';
import { planGc, withoutLease } from './gc-plan.ts';
import type { GcLimits, Kept } from './gc-plan.ts';
import { TASK_STATUSES } from './task-state.ts';

const DAY_MS = 24 * 3_600_000;
const NOW_MS = 1000 * DAY_MS;
const LIMITS: GcLimits = {
  nowMs: NOW_MS,
  keepDays: 30,
  maxSizeBytes: 1000,
  busy: false,
  busyTasks: new Set(),
  currentPin: 'pins/now.json',
};
const KINDS = ['evidence', 'train-evidence', 'log', 'lane', 'ref', 'pin', 'prewarm'] as const;

function kept(kind: Kept['kind'], days: number, rest: Partial<Kept> = {}): Kept {
  const task = kind === 'pin' || kind === 'prewarm' ? null : ({ id: 'T-1', status: 'landed' } as const);
  return { kind, name: `${kind}/${days}`, task, usedMs: NOW_MS - days * DAY_MS, sizeBytes: 1, ...rest };
}

const removed = (things: readonly Kept[], limits: Partial<GcLimits> = {}): string[] =>
  planGc(things, { ...LIMITS, ...limits }).flatMap(({ name, remove }) => (remove ? [name] : []));

test('what has not landed stays, however old and large, but for a lane that nobody will work in', () => {
  for (const status of TASK_STATUSES.filter((each) => each !== 'landed')) {
    const things = KINDS.filter((kind) => kind !== 'pin' && kind !== 'prewarm').map((kind) =>
      kept(kind, 900, { task: { id: 'T-1', status }, sizeBytes: 1e9 }),
    );
    const isCalledOff = status === 'cancelled' || status === 'superseded';
    expect(removed(things), status).toEqual(isCalledOff ? ['lane/900'] : []);
  }
});

test('the lane of a task that was called off stays while it is young, or processes may write to it', () => {
  const lane = (days: number): Kept => kept('lane', days, { task: { id: 'T-1', status: 'cancelled' } });
  expect(removed([lane(29), lane(30)])).toEqual(['lane/30']);
  expect(removed([lane(30)], { busyTasks: new Set(['T-1']) })).toEqual([]);
  expect(removed([lane(30)], { busyTasks: new Set(['T-2']) })).toEqual(['lane/30']);
  // Without the lease somebody may be ending the same lane.
  expect(withoutLease(planGc([lane(30)], LIMITS)).map(({ remove }) => remove)).toEqual([false]);
});

test('of what has landed, all that is old goes, but for a lane', () => {
  const kinds = KINDS.filter((kind) => kind !== 'lane');
  expect(removed(kinds.flatMap((kind) => [kept(kind, 29), kept(kind, 30)]))).toEqual(kinds.map((kind) => `${kind}/30`));
  expect(removed([kept('lane', 90)])).toEqual([]);
});

test('the homes of agents go with their task, at whatever age, and not before', () => {
  const home = (status: (typeof TASK_STATUSES)[number]): Kept => kept('home', 0, { task: { id: 'T-1', status } });
  const over = TASK_STATUSES.filter((status) => removed([home(status)]).length > 0);
  expect(over).toEqual(['landed', 'cancelled', 'superseded']);
  expect(removed([home('landed')], { busyTasks: new Set(['T-1']) })).toEqual([]);
  expect(removed([kept('home', 900, { task: null })])).toEqual([]);
  expect(withoutLease(planGc([home('landed')], LIMITS)).map(({ remove }) => remove)).toEqual([false]);
});

test('what was salvaged stays for ever, whatever became of its task', () => {
  const things = TASK_STATUSES.map((status) => kept('salvaged', 900, { task: { id: 'T-1', status }, sizeBytes: 1e9 }));
  expect(removed([...things, kept('salvaged', 900, { task: null })], { maxSizeBytes: 0, keepDays: 0 })).toEqual([]);
  // Nor does it count: evidence does not go for its size.
  expect(removed([...things, kept('evidence', 1)])).toEqual([]);
});

test('evidence stays while a lane may be moved into it', () => {
  expect(removed([kept('evidence', 90), kept('lane', 90)], { maxSizeBytes: 0 })).toEqual([]);
  const other = kept('lane', 90, { task: { id: 'T-2', status: 'landed' } });
  expect(removed([kept('evidence', 90), other])).toEqual(['evidence/90']);
});

test('what belongs to no task that is known stays', () => {
  expect(removed([kept('evidence', 900, { task: null }), kept('ref', 900, { task: null })])).toEqual([]);
});

test('beyond the size the oldest evidence of landed tasks goes first', () => {
  const things = [3, 1, 2].map((days) => kept('evidence', days, { sizeBytes: 600 }));
  expect(removed(things, { maxSizeBytes: 1200 })).toEqual(['evidence/3']);
  expect(removed(things, { maxSizeBytes: 1199 })).toEqual(['evidence/3', 'evidence/2']);
  expect(removed(things, { maxSizeBytes: 0 })).toHaveLength(3);
});

test('what may be in use, and what is in force, stays', () => {
  const things = [kept('pin', 90), kept('prewarm', 90)];
  expect(removed(things, { busy: true })).toEqual([]);
  expect(removed([kept('pin', 90, { name: LIMITS.currentPin ?? '' })])).toEqual([]);
});

test('each decision has a reason', () => {
  const things = KINDS.flatMap((kind) => [kept(kind, 1), kept(kind, 90), kept(kind, 90, { task: null })]);
  for (const { why } of planGc(things, LIMITS)) expect(why).not.toBe('');
});
