import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { expectRefused } from '../fixtures/e2e/expect-refused.ts';
import { makeYard } from '../fixtures/e2e/yard.ts';

/** Counts its runs, and waits in each for its own file: `go-1`, `go-2`, … */
const GATE = `n=$(($(ls "$GATES" | grep -c run) + 1)); touch "$GATES/run-$n"; ls > "$GATES/saw-$n"; while [ ! -e "$GATES/go-$n" ]; do sleep 0.02; done`;

describe('a person commits to the target while a gate runs', () => {
  test('the combination is made and tested again, until it is what lands', async () => {
    const made = await makeYard({
      config: { environment: { allow: ['GATES'] }, gates: { default: { run: GATE } } },
      tasks: [{ id: 'A-1', does: 'echo a > a.txt' }],
    });
    await made.write('gates/README', '');
    const run = made.start(['run'], { env: { GATES: join(made.base, 'gates') } });
    await made.waitForFile('gates/run-1');
    const first = await made.humanCommit('agent/integration', 'human-1.txt', '1\n');
    await made.touch('gates/go-1');
    // The attempt was green alone; together with the person's commit it is another tree.
    await made.waitForFile('gates/run-2');
    const second = await made.humanCommit('agent/integration', 'human-2.txt', '2\n');
    await made.touch('gates/go-2');
    await made.waitForFile('gates/run-3');
    await made.touch('gates/go-3');
    expect(await run.done).toMatchObject({ code: 0, stdout: expect.stringMatching(/\n1 landed\n$/) });
    const seen = await Promise.all([1, 2, 3].map((n) => made.readText(`gates/saw-${n}`)));
    expect(seen.map((text) => text.split('\n').filter((name) => name.endsWith('.txt')))).toEqual([
      ['a.txt'],
      ['a.txt', 'human-1.txt'],
      ['a.txt', 'human-1.txt', 'human-2.txt'],
    ]);
    const history = made.git('log', '--format=%H', 'agent/integration').split('\n');
    expect(history).toContain(first);
    expect(history).toContain(second);
    expect(made.git('rev-parse', 'agent/integration^1')).toBe(second);
    // Exactly what was tested: no gate has run since.
    expect(
      made
        .git('ls-tree', '--name-only', 'agent/integration')
        .split('\n')
        .filter((name) => name.endsWith('.txt')),
    ).toEqual(['a.txt', 'human-1.txt', 'human-2.txt']);
    expect(made.exists('gates/run-4')).toBe(false);
  });

  test('what conflicts with it goes back to its lane, with both sides', async () => {
    const made = await makeYard({
      files: { 'a.txt': 'one\n' },
      tasks: [
        {
          id: 'A-1',
          does: `if [ "$YARD_ATTEMPT" = 1 ]; then echo agent > a.txt; touch "$BASE/started"; wait_for go
else printf '%s' "$PROMPT" > "$BASE/prompt-2"; cat a.txt > "$BASE/lane-2"; printf 'human\\nagent\\n' > a.txt; fi`,
        },
      ],
    });
    const run = made.start(['run']);
    await made.waitForFile('started');
    await made.humanCommit('agent/integration', 'a.txt', 'human\n');
    await made.touch('go');
    expect(await run.done).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('sent back: it conflicts with what has landed since, in a.txt'),
    });
    expect(await made.readText('lane-2')).toMatch(
      /<<<<<<<[\s\S]*agent[\s\S]*=======[\s\S]*human[\s\S]*>>>>>>>|<<<<<<<[\s\S]*human[\s\S]*=======[\s\S]*agent[\s\S]*>>>>>>>/,
    );
    expect(await made.readText('prompt-2')).toContain('a.txt');
    expect(made.git('show', 'agent/integration:a.txt')).toBe('human\nagent');
  });
});

describe('a target that cannot be moved', () => {
  test('checked out before the run, or while it goes on: landing waits with that reason', async () => {
    const made = await makeYard({ tasks: [{ id: 'A-1', does: 'touch "$BASE/started"; wait_for go; echo a > a.txt' }] });
    made.git('branch', 'agent/integration');
    const linked = join(made.base, 'linked');
    made.git('worktree', 'add', '--quiet', linked, 'agent/integration');
    await expectRefused(made, ['run'], {
      error: /^the target agent\/integration is checked out in \/.*\/linked: landing would change/,
      hint: /git switch/,
    });
    made.git('worktree', 'remove', linked);
    const run = made.start(['run']);
    await made.waitForFile('started');
    made.git('worktree', 'add', '--quiet', linked, 'agent/integration');
    await made.touch('go');
    expect(await run.done).toMatchObject({ code: 3, stdout: expect.stringMatching(/\n1 accepted\n$/) });
    expect(await made.yard(['why', 'A-1'])).toMatchObject({
      stdout: expect.stringMatching(
        /nothing can land: (refs\/heads\/)?agent\/integration is checked out in \/.*\/linked/,
      ),
    });
    expect(made.git('-C', linked, 'status', '--porcelain=v1')).toBe('');
    made.git('worktree', 'remove', linked);
    expect(await made.yard(['run'])).toMatchObject({ code: 0, stdout: expect.stringContaining('1 landed') });
  });

  test('case 23: symbolic, moved back, gone: nothing is followed before a person says so', async () => {
    const made = await makeYard({ tasks: [{ id: 'A-1', does: 'echo a > a.txt' }] });
    made.git('symbolic-ref', 'refs/heads/agent/integration', 'refs/heads/main');
    await expectRefused(made, ['run'], {
      error: /^the target agent\/integration is a symbolic ref to refs\/heads\/main/,
      hint: /another target/,
    });
    made.git('symbolic-ref', '--delete', 'refs/heads/agent/integration');
    expect(await made.yard(['run'])).toMatchObject({ code: 0 });
    const landed = made.git('rev-parse', 'agent/integration');

    made.git('update-ref', 'refs/heads/agent/integration', 'main');
    await made.addTask({ id: 'B-1', does: 'echo b > b.txt' });
    expect(await made.yard(['run'])).toMatchObject({
      code: 3,
      stdout: expect.stringMatching(/1 landed, 1 accepted\n$/),
    });
    expect(made.git('rev-parse', 'agent/integration')).toBe(made.git('rev-parse', 'main'));
    const doctor = await made.yard(['doctor']);
    expect(doctor).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(
        /\ntarget: the target agent\/integration was moved back to .*\nhint: .*yard resume\n$/,
      ),
    });
    made.git('update-ref', 'refs/heads/agent/integration', landed);
    expect(await made.yard(['run'])).toMatchObject({ code: 0, stdout: expect.stringContaining('2 landed') });

    made.git('branch', '-D', 'agent/integration');
    await made.addTask({ id: 'C-1', does: 'echo c > c.txt' });
    expect(await made.yard(['run'])).toMatchObject({
      code: 3,
      stdout: expect.stringMatching(/2 landed, 1 accepted\n$/),
    });
    expect(await made.yard(['resume'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('it does not exist, and is created again at the next run'),
    });
    expect(await made.yard(['run'])).toMatchObject({ code: 0, stdout: expect.stringContaining('3 landed') });
    expect(made.git('show', 'agent/integration:c.txt')).toBe('c');
  });
});
