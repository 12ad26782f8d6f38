import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeYard } from '../fixtures/e2e/yard.ts';
import type { E2eYard } from '../fixtures/e2e/yard.ts';

/** Everything in the operator's checkout, bytes and times, and what git keeps about it. */
function checkout(made: E2eYard): object {
  const names = readdirSync(made.root, { recursive: true, encoding: 'utf8' }).filter(
    (path) => !path.startsWith('.git/'),
  );
  const entries = [...names, '.git/index', '.git/HEAD', '.git/config'].map((path) => {
    const stat = lstatSync(join(made.root, path));
    const hash = stat.isFile()
      ? createHash('sha256')
          .update(readFileSync(join(made.root, path)))
          .digest('hex')
      : 'directory';
    return [path, stat.isDirectory() ? hash : `${hash} ${stat.mtimeMs} ${stat.ino}`];
  });
  return { entries, branches: made.git('for-each-ref', 'refs/heads/main', 'refs/heads/mine') };
}

test('lands what was proven, each as one merge commit, and never touches the checkout', async () => {
  const made = await makeYard({
    files: { 'src/a.txt': 'a\n', 'src/b.txt': 'b\n' },
    config: { gates: { default: { run: 'test "$(cat src/a.txt src/b.txt | wc -l)" = 2' } } },
    tasks: [
      { id: 'A-1', title: 'Change a', owns: ['src/a.txt'], does: 'echo "a from A-1" > src/a.txt' },
      {
        id: 'B-1',
        title: 'Change b',
        owns: ['src/b.txt'],
        does: 'echo "b from B-1" > src/b.txt; printf "#!/bin/sh\\n" > src/b.txt.tmp; rm src/b.txt.tmp',
      },
      {
        id: 'C-1',
        title: 'After both',
        after: ['A-1', 'B-1'],
        does: 'cat src/a.txt src/b.txt > both.txt; chmod +x both.txt; ln -s both.txt link',
      },
    ],
  });
  // Dirty in every way, and on another branch.
  made.git('switch', '--quiet', '--create', 'mine');
  await made.write('repo/src/a.txt', 'edited\n');
  await made.write('repo/src/new.txt', 'untracked\n');
  await made.write('repo/staged.txt', 'staged\n');
  made.git('add', 'staged.txt');
  const before = checkout(made);

  const ran = await made.yard(['run']);
  expect(ran).toMatchObject({ code: 0, stdout: expect.stringMatching(/\n3 landed\n$/) });
  expect(ran.stderr).toMatch(
    /^created the target agent\/integration at [0-9a-f]{12}\nsandbox: none for agents\.script, gates\.default; what runs without one has your rights\nWhat landed is on agent\/integration; merge it when you like it: git merge agent\/integration\n$/,
  );
  expect(ran.stdout).toMatch(/^\d\d:\d\d:\d\d ★ C-1 landed as [0-9a-f]{12}$/m);
  expect(checkout(made)).toEqual(before);

  expect(made.git('show', 'agent/integration:both.txt')).toBe('a from A-1\nb from B-1');
  expect(made.git('ls-tree', 'agent/integration', 'both.txt', 'link')).toMatch(
    /^100755 .*\tboth\.txt\n120000 .*\tlink$/,
  );
  const landings = made
    .git(
      'log',
      '--first-parent',
      '--format=%s|%an|%(trailers:key=Yard-Task,valueonly,separator=)|%(trailers:key=Yard-Attempt,valueonly,separator=)|%(trailers:key=Yard-Evidence,valueonly,separator=)',
      'main..agent/integration',
    )
    .split('\n');
  expect(landings).toHaveLength(3);
  expect(landings[0]).toMatch(/^After both\|Yardmaster\|C-1\|1\|attempts\/C-1\/1 sha256:[0-9a-f]{64}$/);
  for (const commit of made.git('rev-list', '--first-parent', 'main..agent/integration').split('\n')) {
    expect(made.git('rev-list', '--parents', '--max-count=1', commit).split(' ')).toHaveLength(3);
  }
  // The target comes first: the branch reads as the story of what landed.
  expect(made.git('merge-base', 'main', 'agent/integration')).toBe(made.git('rev-parse', 'main'));

  const again = await made.yard(['run']);
  expect(again).toMatchObject({
    code: 0,
    stdout: '3 landed\n',
    stderr: expect.stringMatching(/^sandbox: none [^\n]*\n$/),
  });
});

test('exits with 3 when tasks need a person, and says what to do', async () => {
  const made = await makeYard({
    config: {
      limits: { retries: 1, consecutiveFailures: 20, concurrent: 3 },
      gates: { default: { run: 'test ! -e bad.txt' } },
    },
    tasks: [
      { id: 'RED-1', does: 'echo "bad $YARD_ATTEMPT" > bad.txt' },
      { id: 'NONE-1', does: 'true' },
      {
        id: 'OUT-1',
        owns: ['src/'],
        forbids: ['src/no.txt'],
        does: 'mkdir -p src; if [ "$YARD_ATTEMPT" = 1 ]; then echo x > other.txt; else rm -f other.txt; echo x > src/no.txt; fi',
      },
      { id: 'FAIL-1', does: 'echo "cannot do it"; exit 3' },
      {
        id: 'FIX-1',
        does: 'if [ "$YARD_ATTEMPT" = 1 ]; then echo bad > bad.txt; else printf "%s" "$PROMPT" | grep -q "exited with 1"; mv bad.txt good.txt; fi',
      },
    ],
  });
  const ran = await made.yard(['run']);
  expect(ran).toMatchObject({ code: 3, stdout: expect.stringMatching(/\n1 landed, 4 parked\n$/) });
  expect(ran.stderr).toContain('4 tasks need a person; see: yard status, yard why --all\n');
  expect(made.git('show', 'agent/integration:good.txt')).toBe('bad');
  const { tasks, counts } = await made.status();
  expect(counts).toMatchObject({ landed: 1, parked: 4, ready: 0 });
  const details = Object.fromEntries(tasks.map(({ id, waiting: [first] }) => [id, first?.detail ?? '']));
  expect(details['RED-1']).toMatch(/^it is parked: no retries left: .*exited with 1.*yard unpark RED-1$/);
  expect(details['NONE-1']).toContain('the agent changed nothing');
  expect(details['OUT-1']).toContain('src/no.txt');
  expect(details['FAIL-1']).toContain('the agent script exited with 3');
});

test('exits with 4 at a limit: time, failures in a row, stopped', async () => {
  const made = await makeYard({
    config: { limits: { consecutiveFailures: 2, concurrent: 1 } },
    tasks: [
      { id: 'SLOW-1', priority: 9, does: 'touch "$BASE/started"; wait_for go; echo x > slow.txt' },
      { id: 'BAD-1', does: 'exit 1' },
      { id: 'LAST-1', priority: -1, does: 'echo x > last.txt' },
    ],
  });
  const late = await made.yard(['run', '--max-hours', '0.0001']);
  expect(late).toMatchObject({
    code: 4,
    stderr: expect.stringContaining('the time limit of 0 s is reached, so nothing more starts'),
  });
  await made.waitForFile('started');
  expect(await made.statusOf('SLOW-1')).toBe('running');
  await made.touch('go');
  const failed = await made.yard(['run']);
  expect(failed).toMatchObject({
    code: 4,
    stderr: expect.stringContaining('2 attempts failed in a row, so nothing more starts'),
  });
  expect(await made.statusOf('SLOW-1')).toBe('landed');
  expect(await made.yard(['why', 'LAST-1'])).toMatchObject({
    stdout: expect.stringContaining(
      '2 attempts failed in a row (limit 2); look at them with: yard breaker, then: yard breaker reset',
    ),
  });
  await made.yard(['cancel', 'BAD-1']);
  await made.yard(['resume']);
  await made.yard(['stop', '--why', 'lunch']);
  const stopped = await made.yard(['run']);
  expect(stopped).toMatchObject({
    code: 4,
    stderr: expect.stringContaining('stopped by the operator: lunch. Go on with: yard resume && yard run'),
  });
  await made.yard(['resume']);
  expect(await made.yard(['run'])).toMatchObject({ code: 0, stdout: expect.stringContaining('2 landed, 1 cancelled') });
  expect(await made.yard(['run', '--max-hours', '-1'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('must be greater than 0'),
  });
  expect(await made.yard(['run', '--max-hours', ''])).toMatchObject({ code: 2 });
});

test('a yard without tasks says how to add one', async () => {
  const made = await makeYard();
  expect(await made.yard(['run'])).toMatchObject({
    code: 0,
    stdout: 'There are no tasks. Add one with: yard add "title"\n',
  });
});
