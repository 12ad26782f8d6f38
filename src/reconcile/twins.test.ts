import { expect, test } from 'vitest';

import type { TaskSpec } from '../core/task.ts';
import type { TaskRecord, TaskRow } from '../store/store.ts';
import { findTwins } from './twins.ts';

const spec = (id: string, more: Partial<TaskSpec> = {}): TaskSpec => ({
  id,
  title: id,
  area: null,
  objective: 'Rename the flag',
  acceptance: ['done'],
  context: '',
  owns: ['src/a', 'src/b'],
  forbids: [],
  after: [],
  gate: null,
  agent: null,
  priority: 0,
  supersedes: [],
  testPolicy: null,
  extra: [],
  ...more,
});
const sourced = (one: TaskSpec) => ({ spec: one, source: { path: `.yard/tasks/${one.id}.md`, hash: one.id } });

async function twinsOf(added: readonly TaskSpec[], open: readonly TaskSpec[]): Promise<string[]> {
  const read: string[] = [];
  const task = (id: string): Promise<TaskRecord | null> => {
    read.push(id);
    const found = open.find((one) => one.id === id);
    return Promise.resolve(found === undefined ? null : ({ spec: found } as TaskRecord));
  };
  const rows = open.map(({ id, owns }) => ({ id, owns }) as TaskRow);
  const twins = await findTwins(added.map(sourced), rows, { task });
  for (const error of twins.values()) expect(error).toMatchObject({ code: 'task-twin', exitCode: 2 });
  expect(read.length).toBe(new Set(read).size);
  return [...twins.keys()];
}

test('an open task of the same objective and scope is a twin, in whatever order and spacing', async () => {
  const twin = spec('T-2', { owns: ['src/b', 'src/a'], objective: ' rename  the\nFLAG ' });
  expect(await twinsOf([twin], [spec('T-1')])).toEqual(['T-2']);
});

test('another scope or another objective is no twin', async () => {
  const others = [spec('T-2', { owns: ['src/a'] }), spec('T-3', { objective: 'Rename the other flag' })];
  expect(await twinsOf(others, [spec('T-1')])).toEqual([]);
});

test('one that names what it supersedes is no twin', async () => {
  expect(await twinsOf([spec('T-2', { supersedes: ['T-1'] })], [spec('T-1')])).toEqual([]);
});

test('two that arrive together: the first is taken', async () => {
  expect(await twinsOf([spec('T-1'), spec('T-2'), spec('T-3', { supersedes: ['T-1'] })], [])).toEqual(['T-2']);
});
