import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { expectRefused } from '../fixtures/e2e/expect-refused.ts';
import { yamlBomb } from '../fixtures/e2e/yaml-bomb.ts';
import { makeYard } from '../fixtures/e2e/yard.ts';

const task = (front: string): string =>
  `---\n${front}\n---\n\n## Objective\n\nDo it.\n\n## Acceptance criteria\n\n- done\n`;

describe('a task file that cannot be taken', () => {
  test('case 35: is refused with its place, and nothing is made', async () => {
    const made = await makeYard({ tasks: [{ id: 'OK-1' }] });
    const cases: readonly (readonly [text: string | Buffer, error: RegExp, hint?: RegExp])[] = [
      [task('id: ../../etc\ntitle: t'), /^2:1: "\.\.\/\.\.\/etc" is not a task id/, /TASK-0001/],
      [task('id: "A-1\\u001b[31m"\ntitle: t'), /^2:1: "A-1\\u001b\[31m" is not a task id/, /TASK-0001/],
      [task('id: A/B-1\ntitle: t'), /^2:1: "A\/B-1" is not a task id/],
      [task('id: A-1\ntitle: t\nafter: [../x]'), /^4:9: after has "\.\.\/x", which is not a task id/],
      [task('id: A-1\ntitle: t\nsupersedes: A-1'), /^4:13?: A-1 supersedes itself/],
      [task('id: A-1\ntitle: t\nowns: [src/a.ts]\nforbids: ["src/**"]'), /^5:11: .*forbids/i],
      [task('id: A-1\ntitle: t\nowns: [../outside]'), /^4:8: .*leads out/, /relative to the root/],
      [task('id: A-1\ntitle: t\nowns: [/etc/passwd]'), /^4:8: /, /relative to the root/],
      [task('id: A-1\ntitle: t\npriority: high'), /^4:(1|11): priority must be a whole number/],
      [task('id: A-1\nid: A-2\ntitle: t'), /^3:1: /],
      [task('id: A-1\ntitle: t\n__proto__: { x: 1 }'), /^4:1: .*__proto__/],
      [task(`id: A-1\ntitle: t\n${yamlBomb()}`), /^6:52: the YAML expands to too many values/],
      ['no front matter\n', /^1:1: the file does not start with front matter/, /yard add/],
      ['---\nid: A-1\ntitle: t\n---\n', /^5:1: the task A-1 has no objective/],
      [Buffer.from([0xff, 0xfe, 0x00]), /^this is not UTF-8 text/, /UTF-8/],
    ];
    for (const [text, error, hint = /./] of cases) {
      await made.write('repo/.yard/tasks/bad.md', text as string);
      const { source } = error;
      const whole = new RegExp(
        source.startsWith('^') && /^\^\d/.test(source)
          ? `^\\.yard/tasks/bad\\.md:${source.slice(1)}`
          : `^\\.yard/tasks/bad\\.md: ${source.slice(1)}`,
        error.flags,
      );
      await expectRefused(made, ['run'], { error: whole, hint });
    }
  });

  test('case 35: two files of one id; a name that says another id', async () => {
    const made = await makeYard({ tasks: [{ id: 'A-1' }, { id: 'A-1', file: 'A-1-again.md' }] });
    await expectRefused(made, ['run'], {
      error: /^\.yard\/tasks\/A-1-again\.md: its id is also that of \.yard\/tasks\/A-1\.md/,
      hint: /another id/,
    });
    await rm(join(made.root, '.yard/tasks/A-1-again.md'));
    await made.addTask({ id: 'a-1', file: 'lower.md' });
    await expectRefused(made, ['run'], {
      error: /^\.yard\/tasks\/A-1\.md: its id is also that of \.yard\/tasks\/lower\.md/,
      hint: /case does not count/,
    });
    await rm(join(made.root, '.yard/tasks/lower.md'));
    await made.addTask({ id: 'B-2', file: 'B-3-name.md' });
    await expectRefused(made, ['run'], {
      error:
        /^\.yard\/tasks\/B-3-name\.md:2:\d+: the id is B-2, but the name of the file says B-3|^\.yard\/tasks\/B-3-name\.md:\d+:\d+: the id is B-2, but the name of the file says B-3/,
      hint: /Rename/,
    });
  });
});

describe('dependencies that lead nowhere', () => {
  test('case 37: stop only the tasks that have them, which say why; the others land', async () => {
    const made = await makeYard({
      tasks: [
        { id: 'GOOD-1', does: 'echo good > good.txt' },
        { id: 'GOOD-2', after: ['GOOD-1'], does: 'cat good.txt > better.txt' },
        { id: 'MISS-1', after: ['NONE-9'] },
        { id: 'SELF-1', after: ['SELF-1'] },
        { id: 'RING-1', after: ['RING-3'] },
        { id: 'RING-2', after: ['RING-1'] },
        { id: 'RING-3', after: ['RING-2'] },
        { id: 'WAIT-1', after: ['RING-1'] },
      ],
    });
    const ran = await made.yard(['run']);
    expect(ran).toMatchObject({ code: 3, stdout: expect.stringContaining('2 landed, 6 ready') });
    expect(ran.stderr).toContain('6 tasks need a person; see: yard status, yard why --all');
    expect(made.git('show', 'agent/integration:better.txt')).toBe('good');
    const { tasks } = await made.status();
    const waiting = Object.fromEntries(tasks.map(({ id, waiting: [first] }) => [id, first]));
    expect(waiting).toMatchObject({
      'MISS-1': { reason: 'dependency', detail: 'it comes after NONE-9, which does not exist' },
      'SELF-1': { reason: 'cycle', detail: 'its dependencies form a cycle: SELF-1 → SELF-1' },
      'RING-1': { reason: 'cycle', detail: 'its dependencies form a cycle: RING-2 → RING-1 → RING-3 → RING-2' },
      'WAIT-1': { reason: 'dependency', detail: 'it comes after RING-1, which is ready' },
    });
    const why = await made.yard(['why', 'SELF-1']);
    expect(why).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('its dependencies form a cycle: SELF-1 → SELF-1'),
    });
  });
});
