import { expect, test } from 'vitest';
import { isRunning } from '../fixtures/e2e/own-processes.ts';
import { makeYard } from '../fixtures/e2e/yard.ts';

test('run --detach proves its first cycle, attach follows it to its end, drain and stop --wait end it', async () => {
  const made = await makeYard({
    tasks: [
      { id: 'A-1', does: 'touch "$BASE/a"; wait_for go; echo a > a.txt' },
      { id: 'B-1', after: ['A-1'], does: 'echo b > b.txt' },
    ],
  });
  await made.yard(['pause']);
  expect(await made.yard(['attach'])).toMatchObject({ code: 2, stderr: expect.stringContaining('yard run --detach') });
  await made.yard(['resume']);
  const detached = await made.yard(['run', '--detach', '--json']);
  expect(detached).toMatchObject({ code: 0, stderr: expect.stringContaining('yard attach') });
  const { started, pid, log } = JSON.parse(detached.stdout) as { started: boolean; pid: number; log: string };
  expect(started).toBe(true);
  expect(await isRunning(pid)).toBe(true);
  // A second one says who holds it.
  const second = await made.yard(['run', '--detach']);
  expect(second).toMatchObject({ code: 0, stdout: '', stderr: expect.stringContaining(`process ${pid}`) });

  const attached = made.start(['attach']);
  await made.until('attached', () => attached.output().includes(`the run is process ${pid}`));
  const other = made.start(['attach']);
  await made.until('attached', () => other.output().includes('Ctrl-C leaves it alone'));
  other.kill('SIGINT');
  expect(await other.done).toMatchObject({ code: 0, stderr: expect.stringContaining('the run goes on') });
  expect(await isRunning(pid)).toBe(true);

  await made.waitForFile('a');
  const tooSoon = await made.yard(['drain', '--timeout', '1ms']);
  expect(tooSoon).toMatchObject({ code: 1, stderr: expect.stringContaining('still at work: A-1 (attempt 1,') });
  const drain = made.start(['drain']);
  await made.until('waiting', () => drain.output().includes('waiting for: A-1 (attempt 1, implementing)'));
  await made.touch('go');
  expect(await drain.done).toMatchObject({
    code: 0,
    stdout: 'drained: nothing runs, and what could land has landed. Go on with: yard resume && yard run\n',
  });
  expect(await attached.done).toMatchObject({
    code: 4,
    stdout: expect.stringMatching(/★ A-1 landed[^]*\n1 landed, 1 ready\n$/),
    stderr: expect.stringContaining('stopped by the operator: drained'),
  });
  await made.until('its end', async () => !(await isRunning(pid)));
  expect(await made.statusOf('A-1')).toBe('landed');
  expect(await made.readText(log.slice(made.base.length + 1))).toContain('A-1 landed');
  expect(await made.yard(['resume'])).toMatchObject({ code: 0, stdout: expect.not.stringContaining('paused') });
  expect(await made.yard(['run'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/\n2 landed\n$/) });
});

test('drain drives what a run has left that died under it; stop --wait waits for it', async () => {
  const made = await makeYard({
    tasks: [
      { id: 'A-1', does: 'touch "$BASE/a"; wait_for go; echo a > a.txt' },
      { id: 'B-1', after: ['A-1'], does: 'echo b > b.txt' },
    ],
  });
  // Of two at once, one starts it, and the other says who has.
  const both = await Promise.all([made.yard(['run', '--detach', '--json']), made.yard(['run', '--detach', '--json'])]);
  const told = both.map(({ stdout }) => JSON.parse(stdout) as { started: boolean; pid: number });
  expect(both.map(({ code }) => code)).toEqual([0, 0]);
  expect(new Set(told.map(({ started }) => started))).toEqual(new Set([true, false]));
  const pid = told[0]?.pid ?? 0;
  expect(told[1]?.pid).toBe(pid);
  await made.waitForFile('a');
  // The pause of a drain that nobody waited for is no reason for the next one to leave it.
  expect(await made.yard(['drain', '--timeout', '1ms'])).toMatchObject({ code: 1 });
  const drain = made.start(['drain', '--json']);
  await made.until('waiting', () => drain.output().includes('waiting for: A-1'));
  process.kill(pid, 'SIGKILL');
  await made.until('its own scheduler', () => drain.output().includes('the yard is paused by yard drain'));
  await made.touch('go');
  const drained = await drain.done;
  expect(drained).toMatchObject({ code: 0 });
  expect(await made.statusOf('A-1')).toBe('landed');
  expect(await made.statusOf('B-1')).toBe('ready');
  expect((await made.yard(['status'])).stdout).not.toContain('paused');

  const stopped = await made.yard(['stop', '--wait', '--json']);
  expect(JSON.parse(stopped.stdout)).toEqual({
    stopped: { by: 'the operator', why: 'yard stop' },
    already: false,
    atWork: [],
  });
});

test('run --detach says what is wrong, here and not in a log', async () => {
  const made = await makeYard({ config: { defaults: { gate: 'nowhere' } }, tasks: [{ id: 'A-1' }] });
  expect(await made.yard(['run', '--detach'])).toMatchObject({ code: 2, stderr: expect.stringContaining('nowhere') });
  expect(made.exists('state/logs')).toBe(false);
});
