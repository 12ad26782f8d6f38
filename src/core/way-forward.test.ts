import { expect, test } from 'vitest';
import type { TaskStatus } from './task-state.ts';
import { wayForward } from './way-forward.ts';
import type { OpenTask } from './way-forward.ts';

const task = (
  id: string,
  after: string[] = [],
  status: TaskStatus = 'ready',
  blocked: string | null = null,
): OpenTask => ({
  id,
  after,
  status,
  blocked,
});
const elsewhere: Record<string, TaskStatus> = { 'L-1': 'landed', 'C-1': 'cancelled' };
const way = (...tasks: OpenTask[]): ReturnType<typeof wayForward> =>
  wayForward(tasks, (id) => elsewhere[id] ?? 'missing');

test('what can start, and what comes later', () => {
  expect(way()).toEqual({ moving: 0, later: 0, roots: [] });
  expect(way(task('A-1', ['L-1']), task('A-2', ['A-1']), task('A-3', [], 'running'))).toEqual({
    moving: 2,
    later: 1,
    roots: [],
  });
});

test('a wait is told by where it begins, with all that hangs on it', () => {
  const parked = task('A-1', [], 'parked', 'is parked');
  expect(way(parked, task('A-2', ['A-1']), task('A-3', ['A-2']))).toEqual({
    moving: 0,
    later: 0,
    roots: [{ kind: 'person', why: 'A-1 is parked', at: ['A-1'], behind: ['A-2', 'A-3'] }],
  });
});

test('a task behind two roots hangs on both; the one that holds more comes first', () => {
  const { roots, moving } = way(
    task('A-1', [], 'parked', 'is parked'),
    task('B-1', [], 'blocked', 'asks'),
    task('B-2', ['B-1']),
    task('X-1', ['A-1', 'B-2']),
    task('Y-1'),
  );
  expect(moving).toBe(1);
  expect(roots.map(({ why, at, behind }) => [why, at, behind])).toEqual([
    ['B-1 asks', ['B-1'], ['B-2', 'X-1']],
    ['A-1 is parked', ['A-1'], ['X-1']],
  ]);
});

test('cycles, what does not exist and what never lands', () => {
  const { roots, moving, later } = way(
    task('A-1', ['A-2']),
    task('A-2', ['A-1']),
    task('A-3', ['A-2']),
    task('B-1', ['NO-1']),
    task('C-2', ['C-1']),
  );
  expect({ moving, later }).toEqual({ moving: 0, later: 0 });
  expect(roots.map(({ kind, at, behind }) => [kind, at.toSorted(), behind])).toEqual([
    ['cycle', ['A-1', 'A-2'], ['A-3']],
    ['missing', ['B-1'], []],
    ['never', ['C-2'], []],
  ]);
});

test('an accepted task lands by itself, whatever it came after', () => {
  expect(way(task('A-1', ['C-1'], 'accepted'), task('A-2', ['A-1']))).toEqual({ moving: 1, later: 1, roots: [] });
});
