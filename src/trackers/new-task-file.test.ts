import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { useTemporaryDirectory } from '../../test/fixtures/temporary-directory.ts';
import { parseTaskFile } from '../config/task-file.ts';
import type { TaskSpec } from '../core/task.ts';
import { nextTaskId, slugOf, taskFileName, writeTaskFile } from './new-task-file.ts';

const spec: TaskSpec = {
  id: 'TASK-0001',
  title: 'Rename the flag',
  area: null,
  objective: 'Do it.',
  acceptance: ['it works'],
  context: '',
  owns: ['src/'],
  forbids: [],
  after: [],
  gate: null,
  agent: null,
  priority: 0,
  supersedes: [],
  testPolicy: null,
  extra: [],
};

test('the next id follows the highest of its prefix', () => {
  expect(nextTaskId([])).toBe('TASK-0001');
  expect(nextTaskId(['TASK-0001', 'task-0041', 'FIX-99', 'TASK-12', 'TASKS-500'])).toBe('TASK-0042');
  expect(nextTaskId(['FIX-9999'], 'FIX')).toBe('FIX-10000');
  expect(() => nextTaskId([], '../x')).toThrow(expect.objectContaining({ code: 'task-id' }) as Error);
  expect(() => nextTaskId(['TASK-999999999'])).toThrow(expect.objectContaining({ code: 'task-id' }) as Error);
});

test.each([
  ['Rename the flag', 'rename-the-flag'],
  ['  Größe & Übung: naïve café!  ', 'grosse-ubung-naive-cafe'],
  ['../../etc/passwd', 'etc-passwd'],
  ['日本語', ''],
  ['x'.repeat(80), 'x'.repeat(50)],
  ['word '.repeat(20), 'word-word-word-word-word-word-word-word-word-word'],
])('the slug of %j is %j', (title, slug) => {
  expect(slugOf(title)).toBe(slug);
});

test('a title without a slug makes a name without one', () => {
  expect(taskFileName({ id: 'A-1', title: '日本語' })).toBe('A-1.md');
});

test('a new file is written whole and can be read', async () => {
  const root = await useTemporaryDirectory('add');
  const path = await writeTaskFile(root, spec);
  expect(path).toBe('.yard/tasks/TASK-0001-rename-the-flag.md');
  expect(parseTaskFile(await readFile(join(root, path), 'utf8'), path).spec).toEqual(spec);
  expect(await readdir(join(root, '.yard/tasks'))).toEqual(['TASK-0001-rename-the-flag.md']);
});

test('nothing is replaced, whatever the file of that id is called', async () => {
  const root = await useTemporaryDirectory('add');
  await mkdir(join(root, '.yard/tasks'), { recursive: true });
  await writeFile(join(root, '.yard/tasks/task-0001-other.md'), 'mine');
  await expect(writeTaskFile(root, spec)).rejects.toMatchObject({ code: 'task-exists', exitCode: 2 });
  expect(await readdir(join(root, '.yard/tasks'))).toEqual(['task-0001-other.md']);
});

test.each([
  ['the same title', 'Rename the flag'],
  ['different titles', 'Another'],
])('two at once with %s: at most one succeeds, and the other leaves nothing behind', async (_name, title) => {
  const root = await useTemporaryDirectory('add');
  const results = await Promise.allSettled([writeTaskFile(root, spec), writeTaskFile(root, { ...spec, title })]);
  const written = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  expect(written.length).toBeLessThanOrEqual(1);
  expect((await readdir(join(root, '.yard/tasks'))).map((name) => `.yard/tasks/${name}`)).toEqual(written);
});

test('a link in place of the directory is not followed', async () => {
  const root = await useTemporaryDirectory('add');
  const outside = await useTemporaryDirectory('outside');
  await mkdir(join(root, '.yard'));
  await symlink(outside, join(root, '.yard/tasks'));
  await expect(writeTaskFile(root, spec)).rejects.toMatchObject({ code: 'task-not-a-file' });
  expect(await readdir(outside)).toEqual([]);
});
