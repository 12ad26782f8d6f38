import { join } from 'node:path';
import { expect, test } from 'vitest';
import { processesOf } from '../fixtures/e2e/own-processes.ts';
import { makeYard } from '../fixtures/e2e/yard.ts';

test('failures in a row end the run, which names the command; the breaker shows them, and is reset', async () => {
  const made = await makeYard({
    config: { limits: { consecutiveFailures: 2, concurrent: 1 } },
    tasks: [
      { id: 'A-1', does: 'echo "try $YARD_ATTEMPT"; test -e "$BASE/mended"; echo a > a.txt' },
      { id: 'B-1', does: 'echo "try $YARD_ATTEMPT"; test -e "$BASE/mended"; echo b > b.txt' },
      { id: 'C-1', does: 'echo "try $YARD_ATTEMPT"; test -e "$BASE/mended"; echo c > c.txt' },
    ],
  });
  expect(await made.yard(['run'])).toMatchObject({
    code: 4,
    stderr: expect.stringContaining(
      '2 attempts failed in a row, so nothing more starts. Look at them with: yard breaker. Go on with: yard breaker reset && yard run',
    ),
  });
  const shown = await made.yard(['breaker']);
  expect(shown.stdout.split('\n')).toEqual([
    'open: 2 attempts failed in a row (limit 2), so nothing more starts',
    '  A-1 attempt 1: no-packet, the agent script exited with 1: try 1',
    expect.stringMatching(/^ {2}(A-1 attempt 2|B-1 attempt 1): no-packet/),
    'Look at them with: yard logs ID. Go on with: yard breaker reset && yard run',
    '',
  ]);
  const { stdout } = await made.yard(['breaker', 'show', '--json']);
  expect(JSON.parse(stdout)).toMatchObject({ open: true, failuresInARow: 2, limit: 2, failures: [{ id: 'A-1' }, {}] });
  await made.touch('mended');
  expect(await made.yard(['run'])).toMatchObject({ code: 4 });
  expect(await made.yard(['stop'])).toMatchObject({ code: 0 });
  expect(await made.yard(['breaker', 'reset'])).toMatchObject({
    code: 0,
    stdout: '2 failures in a row forgotten. Go on with: yard resume && yard run (the yard is stopped as well)\n',
  });
  expect((await made.status()).stopped).not.toBeNull();
  expect(await made.yard(['resume'])).toMatchObject({ code: 0 });
  expect(await made.yard(['run'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/\n3 landed\n$/) });
  expect(await made.yard(['breaker'])).toMatchObject({
    code: 0,
    stdout: 'closed: 0 attempts failed in a row (limit 2)\n',
  });
  expect(await made.yard(['breaker', 'mend'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('knows show and reset'),
  });
});

test('the time limit ends the run, starts nothing more, and says what goes on', async () => {
  const made = await makeYard({
    config: { limits: { concurrent: 1, hours: 9 } },
    tasks: [
      { id: 'A-1', does: 'touch "$BASE/started"; wait_for go; echo a > a.txt' },
      { id: 'B-1', does: 'echo b > b.txt' },
    ],
  });
  // Two seconds: long enough to start the first task. The option stands over the variable, and that over the file.
  const run = made.start(['run', '--max-hours', '0.0006'], { env: { YARD_LIMITS_HOURS: '5' } });
  expect(await run.done).toMatchObject({
    code: 4,
    stderr: expect.stringContaining(
      'is reached, so nothing more starts. Attempts that run (1) go on; what they make lands with the next run at the latest. Rejoin with: yard run. End them with: yard stop --now',
    ),
  });
  expect(await made.statusOf('A-1')).toBe('running');
  expect((await made.status()).scheduler).toBeNull();
  await made.touch('go');
  expect(await made.yard(['run'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/\n2 landed\n$/) });
});

test('an agent that falls silent, or does not end, is ended as a tree; that is its own failure', async () => {
  const made = await makeYard({
    config: {
      limits: { retries: 1 },
      agents: {
        script: { timeout: '2s' },
        silent: {
          kind: 'command',
          run: ['/bin/sh', '-c', 'echo the last word; setsid sleep 1000 & exec sleep 1000'],
          idle: '1s',
        },
      },
    },
    tasks: [
      { id: 'A-1', agent: 'silent' },
      { id: 'B-1', does: 'setsid sh -c "trap : TERM; while :; do echo on and on; sleep 0.2; done"' },
    ],
  });
  expect(await made.yard(['run'])).toMatchObject({ code: 3 });
  const whys = await made.read(async (reader) => {
    const [a] = await reader.attempts('A-1');
    const [b] = await reader.attempts('B-1');
    return [a?.outcome, b?.outcome].map((outcome) => (outcome?.kind === 'no-packet' ? outcome.why : outcome?.kind));
  });
  expect(whys).toEqual([
    'the agent silent said nothing for 1 s, its idle limit: the last word',
    'the agent script did not end within 2 s, its time limit: on and on',
  ]);
  expect(await made.read(async (reader) => (await reader.task('A-1'))?.counters.retries)).toBeGreaterThan(0);
  expect(await processesOf(join(made.state, 'lanes'))).toEqual([]);
});
