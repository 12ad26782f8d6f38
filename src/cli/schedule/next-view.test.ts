import { expect, test } from 'vitest';
import { DISK_ROOMY } from '../../core/disk.ts';
import { plan } from '../../core/plan.ts';
import type { Snapshot, TaskView } from '../../core/snapshot.ts';
import { NO_COUNTERS, READY } from '../../core/task-state.ts';
import { renderNext } from '../commands/next.ts';
import { isDecided, refusedOf } from './next-view.ts';

const task = (id: string, more: Partial<TaskView> = {}): TaskView => ({
  id,
  title: `title of ${id}`,
  state: READY,
  counters: NO_COUNTERS,
  updatedMs: 0,
  priority: 0,
  area: null,
  agents: [{ spec: 'codex', name: 'codex', pool: null, model: null }],
  owns: [],
  after: [],
  problems: [],
  ...more,
});

const snapshot = (tasks: readonly TaskView[], concurrent: number): Snapshot => ({
  tasks,
  dependencies: new Map(),
  successors: new Map(),
  leases: [],
  train: { live: false, openLandings: 0 },
  stopped: null,
  pauses: [],
  failuresInARow: 0,
  landingBlocked: null,
  disk: DISK_ROOMY,
  pools: [],
  atWork: [],
  budgets: [],
  limits: { concurrent, dispatchPerCycle: 10, consecutiveFailures: 5, backlog: 10, areas: {} },
  monotonicMs: 1_000,
  graces: [],
  kills: [],
  isFirstLook: false,
});

test('every ready task is either started or refused, with all that holds it back', () => {
  const tasks = [
    task('T-1', { owns: ['a/'] }),
    task('T-2', { owns: ['a/'] }),
    task('T-3', { after: ['X-1'] }),
    task('T-4'),
  ];
  const from = snapshot(tasks, 2);
  const started = plan(from, 0).flatMap((command) => (command.kind === 'dispatch' ? [command.taskId] : []));
  const refused = refusedOf(from, 0);
  expect(started).toEqual(['T-1', 'T-4']);
  expect(refused.map(({ id, waiting }) => [id, waiting.map(({ reason }) => reason)])).toEqual([
    ['T-2', ['scope']],
    ['T-3', ['dependency']],
  ]);
  const next = { scheduler: null, unimported: 1, commands: plan(from, 0), refused };
  expect(renderNext(next, 200)).toEqual([
    'the next cycle would:',
    '   1. import 1 task file; what is in them is not looked at here',
    '   2. start T-1: title of T-1',
    '   3. start T-4: title of T-4',
    '',
    '2 ready tasks would not start:',
    'T-3: it comes after X-1, which does not exist',
    'T-2: T-1 holds a/ until it has landed',
  ]);
});

test('the first ready tasks decide only where they fill the yard, or there are no more', () => {
  const tasks = ['T-1', 'T-2', 'T-3', 'T-4'].map((id) => task(id));
  expect(isDecided(snapshot(tasks, 2), 0, 2)).toBe(true);
  expect(isDecided(snapshot(tasks, 3), 0, 2)).toBe(false);
  expect(isDecided(snapshot(tasks, 10), 0, 5)).toBe(true);
  expect(isDecided(snapshot(tasks, 0), 0, 1)).toBe(true);
});
