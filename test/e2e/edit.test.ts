import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeYard } from '../fixtures/e2e/yard.ts';

test('tasks are added, changed and replaced beside a live run, which goes by it', async () => {
  const made = await makeYard({
    tasks: [
      { id: 'TASK-0001', does: 'touch "$BASE/started"; wait_for go; echo 1 > one.txt' },
      { id: 'TASK-0002', after: ['TASK-0001'], does: 'echo no > two.txt' },
      { id: 'TASK-0003', after: ['TASK-0002'], owns: ['other/'], does: 'echo 3 > three.txt' },
    ],
  });
  const run = made.start(['run']);
  await made.waitForFile('started');
  // What was never right is widened, replaced, and added to.
  expect(await made.yard(['edit', 'TASK-0003', '--add-owns', '*.txt'])).toMatchObject({
    code: 0,
    stdout: 'TASK-0003: owns + *.txt\n',
  });
  expect(await made.yard(['priority', 'TASK-0001', '9'])).toMatchObject({
    stdout: 'TASK-0001: priority 0 → 9 (it is running: this takes effect at its next attempt)\n',
  });
  const replaced = await made.yard(['supersede', 'TASK-0002', 'Do it better', '--id', 'TASK-0010']);
  expect(replaced).toMatchObject({ code: 0, stderr: '' });
  await made.does('TASK-0010', 'echo 2 > two.txt');
  const input = '- [ ] More {id: TASK-0011; after: TASK-0003}\n  - it is there\n';
  await made.does('TASK-0011', 'echo 4 > four.txt');
  expect(await made.yard(['add', '--from', '-'], { input })).toMatchObject({ code: 0 });
  await made.waitFor('task.added', 'TASK-0011');
  await made.touch('go');
  expect(await run.done).toMatchObject({ code: 0, stdout: expect.stringContaining('4 landed, 1 superseded') });
  const landed = ['one', 'two', 'three', 'four'].map((name) => made.git('show', `agent/integration:${name}.txt`));
  expect(landed.map((text) => text.trim())).toEqual(['1', '2', '3', '4']);
  expect((await made.yard(['edit', 'TASK-0003', '--priority', '1'])).stderr).toContain('TASK-0003 is landed');
});

test('a file that a person has written by hand keeps all that the change is not about', async () => {
  const made = await makeYard({ tasks: [] });
  const text =
    '---\n# mine\nid: TASK-0001\ntitle: "By hand"   # so\nowns: [ src/a ]\n---\nDo it.\n\n## Notes\n\n* odd\n\n## Acceptance\n\n- x\n';
  const path = await made.write('repo/.yard/tasks/TASK-0001-odd.md', text);
  await made.yard(['edit', 'TASK-0001', '--add-owns', 'src/b', '--add-accept', 'y']);
  expect(await readFile(path, 'utf8')).toBe(text.replace('[ src/a ]', '[src/a, src/b]').replace('- x\n', '- x\n- y\n'));
  await writeFile(join(made.root, '.yard/tasks/TASK-0002.md'), 'broken');
  expect(await made.yard(['edit', 'TASK-0002', '--priority', '1'])).toMatchObject({ code: 2 });
});
