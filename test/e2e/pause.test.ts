import { expect, test } from 'vitest';
import { expectRefused } from '../fixtures/e2e/expect-refused.ts';
import { makeYard } from '../fixtures/e2e/yard.ts';
import type { E2eYard } from '../fixtures/e2e/yard.ts';

/** The reasons of a task, as `status` tells them. */
async function detailsOf(made: E2eYard, id: string): Promise<string[]> {
  const { tasks } = await made.status();
  return tasks.find((task) => task.id === id)?.waiting.map(({ detail }) => detail) ?? [];
}

test('beside a run: an area, the train, everything; the run waits, and goes on by itself', async () => {
  const made = await makeYard({
    config: { areas: { api: {} } },
    tasks: [
      { id: 'A-1', area: 'api', does: 'echo a > a.txt' },
      { id: 'B-1', does: 'touch "$BASE/b"; wait_for go; echo b > b.txt' },
      { id: 'C-1', after: ['B-1'], does: 'echo c > c.txt' },
    ],
  });
  // Before the first run, too.
  expect(await made.yard(['pause', 'area', 'api', '--why', 'it is moved'])).toMatchObject({
    code: 0,
    stdout:
      'the area api is paused: nothing new of it starts; what runs comes to its end, and lands. Go on with: yard resume area api\n',
  });
  expect(await made.yard(['pause', 'area', 'api'])).toMatchObject({
    stdout: 'already so: the area api is paused by the operator (it is moved). Go on with: yard resume area api\n',
  });
  const run = made.start(['run']);
  await made.waitForFile('b');
  expect(await detailsOf(made, 'A-1')).toEqual([
    'the area api is paused by the operator (it is moved); go on with: yard resume area api',
  ]);
  expect(run.output()).toContain(
    'the area api is paused by the operator (it is moved). Go on with: yard resume area api',
  );

  const train = await made.yard(['pause', 'train', '--json']);
  expect(JSON.parse(train.stdout)).toMatchObject({ paused: [{ of: 'area', name: 'api' }, { of: 'train' }] });
  await made.touch('go');
  await made.waitForStatus('B-1', 'accepted');
  expect((await detailsOf(made, 'B-1'))[0]).toMatch(/^the train is paused by the operator .*yard resume train$/);

  expect(await made.yard(['pause'])).toMatchObject({ code: 0 });
  expect(await made.yard(['resume', 'train'])).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^the train goes on\n/),
  });
  await made.waitForStatus('B-1', 'landed');
  expect(await detailsOf(made, 'C-1')).toEqual([expect.stringMatching(/^the yard is paused .*: yard resume$/)]);

  // The pause of the whole yard goes, that of the area stays, and is named.
  expect((await made.yard(['resume'])).stdout).toMatch(
    /^the run goes on \(process \d+\)\nthe area api is paused by the operator \(it is moved\)\. Go on with: yard resume area api\n$/,
  );
  await made.waitForStatus('C-1', 'landed');
  expect(await made.yard(['resume', 'area', 'api'])).toMatchObject({ code: 0, stdout: 'the area api goes on\n' });
  expect(await run.done).toMatchObject({ code: 0, stdout: expect.stringMatching(/\n3 landed\n$/) });
  for (const [args, hint] of [
    [['pause', 'area', 'apu'], /Did you mean api\?/],
    [['pause', 'agent', 'nobody'], /Known: script/],
    [['pause', 'gate'], /yard pause train/],
    [['resume', 'area'], /yard resume area NAME/],
  ] as const) {
    await expectRefused(made, args, { error: /./, hint });
  }
});

test('park ends an attempt and keeps its work; unpark goes on where it was; wake starts what was put off', async () => {
  const made = await makeYard({
    tasks: [
      {
        id: 'A-1',
        does: 'if [ "$YARD_ATTEMPT" = 1 ]; then echo half > half.txt; touch "$BASE/a"; wait_for never; else mv half.txt a.txt; fi',
      },
      { id: 'B-1', does: 'if [ "$YARD_ATTEMPT" = 1 ]; then exit 127; fi; echo b > b.txt' },
    ],
  });
  const run = made.start(['run']);
  await made.waitForFile('a');
  expect(await made.yard(['park', 'a-1', '--why', 'after lunch'])).toMatchObject({
    code: 0,
    stdout: 'A-1 is parked; its work is kept. Put it back with: yard unpark A-1\n',
  });
  expect(await made.readText('state/lanes/A-1/half.txt')).toBe('half');
  // It stays put off, whatever the time, until something starts it.
  await made.waitFor('task.infrastructure-failure', 'B-1');
  expect(await made.yard(['stop'])).toMatchObject({ code: 0 });
  expect(await run.done).toMatchObject({ code: 4 });
  expect(await detailsOf(made, 'A-1')).toEqual([
    'it is parked: by a person: after lunch; put it back with: yard unpark A-1',
  ]);

  // All of them, or none.
  await expectRefused(made, ['unpark', 'A-1', 'B-1'], {
    error: /^B-1 is ready; unpark applies to .* parked$/,
    hint: /./,
  });
  await expectRefused(made, ['park', 'B-1', 'B-2'], { error: /no task "B-2"/, hint: /Did you mean B-1\?/ });
  await expectRefused(made, ['wake', 'A-1'], { error: /^A-1 is parked; wake applies to .* put off/, hint: /./ });
  await expectRefused(made, ['unpark'], { error: /^no task is named$/, hint: /--all/ });

  const woken = await made.yard(['wake', '--json']);
  expect(JSON.parse(woken.stdout)).toEqual({
    tasks: [{ id: 'B-1', status: 'ready', message: 'B-1 is put off no longer' }],
  });
  expect(await made.yard(['unpark', '--all'])).toMatchObject({
    code: 0,
    stdout: 'A-1 is ready again, with all its retries\n',
  });
  expect(await made.yard(['resume'])).toMatchObject({ code: 0 });
  expect(await made.yard(['run'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/\n2 landed\n$/) });
  expect(made.git('show', 'agent/integration:a.txt')).toBe('half');
  expect(await made.yard(['wake'])).toMatchObject({ code: 0, stdout: 'nothing is put off\n' });
  expect(await made.yard(['unpark', '--all'])).toMatchObject({ code: 0, stdout: 'no task is parked\n' });
});

test('what a person has parked after it was accepted goes on at its gate, without its agent', async () => {
  const made = await makeYard({ tasks: [{ id: 'A-1', does: 'echo x >> "$BASE/turns"; echo a > a.txt' }] });
  await made.yard(['pause', 'train']);
  const run = made.start(['run']);
  await made.waitForStatus('A-1', 'accepted');
  expect(await made.yard(['park', 'A-1'])).toMatchObject({ code: 0 });
  expect(await run.done).toMatchObject({ code: 3 });
  expect(await made.yard(['unpark', 'A-1'])).toMatchObject({
    stdout: expect.stringContaining('it goes on at its gate'),
  });
  await made.yard(['resume', 'train']);
  expect(await made.yard(['run'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/\n1 landed\n$/) });
  expect(await made.readText('turns')).toBe('x');
});
