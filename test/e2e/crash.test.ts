import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isRunning, kill } from '../fixtures/e2e/own-processes.ts';
import { makeYard } from '../fixtures/e2e/yard.ts';
import type { E2eYard } from '../fixtures/e2e/yard.ts';

/** The process of the running attempt, or of the train. */
async function ownerOf(made: E2eYard, resource: `task:${string}` | 'train'): Promise<number> {
  return made.until(`an owner of ${resource}`, () =>
    made.read(async (reader) => (await reader.lease(resource))?.owner?.pid),
  );
}

describe('what is interrupted goes on', () => {
  test('Ctrl-C ends the run at once, the attempt comes to its end, the next run lands it', async () => {
    const made = await makeYard({
      tasks: [
        { id: 'A-1', does: 'touch "$BASE/started"; wait_for go; echo a > a.txt' },
        { id: 'B-1', after: ['A-1'], does: 'echo b > b.txt' },
      ],
    });
    const run = made.start(['run']);
    await made.waitForFile('started');
    run.kill('SIGINT');
    expect(await run.done).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(
        'interrupted; attempts that run (1) go on; what they make lands with the next run at the latest.\nRejoin with: yard run. End them with: yard stop --now',
      ),
    });
    expect(await made.statusOf('A-1')).toBe('running');
    expect((await made.status()).scheduler).toBeNull();
    await made.touch('go');
    await made.waitForStatus('A-1', 'accepted');
    expect(await made.yard(['run'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/\n2 landed\n$/) });
    expect(await made.read(async (reader) => (await reader.attempts('A-1')).length)).toBe(1);
  });

  test('a second run joins an attempt that still runs', async () => {
    const made = await makeYard({ tasks: [{ id: 'A-1', does: 'touch "$BASE/started"; wait_for go; echo a > a.txt' }] });
    const run = made.start(['run']);
    await made.waitForFile('started');
    run.kill('SIGTERM');
    expect(await run.done).toMatchObject({ code: 1 });
    const again = made.start(['run']);
    await made.until(
      'the second scheduler',
      async () => (await made.read((reader) => reader.lease('scheduler')))?.owner?.pid === again.pid,
    );
    await made.touch('go');
    expect(await again.done).toMatchObject({ code: 0, stdout: expect.stringMatching(/\n1 landed\n$/) });
    expect(await made.read(async (reader) => (await reader.attempts('A-1')).length)).toBe(1);
  });
});

describe('kill -9', () => {
  test('of the scheduler: the next run takes over at once, and the attempt goes on', async () => {
    const made = await makeYard({ tasks: [{ id: 'A-1', does: 'touch "$BASE/started"; wait_for go; echo a > a.txt' }] });
    const run = made.start(['run']);
    await made.waitForFile('started');
    run.kill('SIGKILL');
    expect(await run.done).toMatchObject({ code: null });
    const doctor = await made.yard(['doctor']);
    expect(doctor).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(
        `scheduler: the scheduler (process ${run.pid}) has died\nhint: The next yard run takes it over`,
      ),
    });
    await made.touch('go');
    expect(await made.yard(['run'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/\n1 landed\n$/) });
    expect(
      await made.read(async (reader) => (await reader.attempts('A-1')).map(({ outcome }) => outcome?.kind)),
    ).toEqual(['accepted']);
  });

  test('of an attempt and its scheduler: lost, its agent ended, its lane kept, and it lands', async () => {
    const made = await makeYard({
      tasks: [
        {
          id: 'A-1',
          does: `if [ "$YARD_ATTEMPT" = 1 ]; then echo half > half.txt; echo $$ > "$BASE/agent"; touch "$BASE/started"; wait_for never
else test "$(cat half.txt)" = half; mv half.txt whole.txt; fi`,
        },
      ],
    });
    const run = made.start(['run']);
    await made.waitForFile('started');
    const attempt = await ownerOf(made, 'task:A-1');
    run.kill('SIGKILL');
    await run.done;
    kill(attempt);
    const agent = Number(await made.readText('agent'));
    expect(await isRunning(agent)).toBe(true);
    const again = await made.yard(['run']);
    expect(again).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('A-1 lost: its process died; its work is kept'),
    });
    expect(await isRunning(agent)).toBe(false);
    expect(made.git('show', 'agent/integration:whole.txt')).toBe('half');
    expect(
      await made.read(async (reader) => (await reader.attempts('A-1')).map(({ outcome }) => outcome?.kind)),
    ).toEqual(['lost', 'accepted']);
    // A lost lease is nobody's fault.
    expect(await made.read(async (reader) => (await reader.task('A-1'))?.counters.retries)).toBe(0);
  });

  test('case 6: of an attempt, but not of its git that fills the lane: that is ended before the lane is used', async () => {
    const made = await makeYard({
      tasks: [
        {
          id: 'A-1',
          does: 'if grep -qs "^State:.[^ZX]" "/proc/$(cat "$BASE/filling")/status"; then touch "$BASE/alive"; fi; echo a > a.txt',
        },
      ],
    });
    const path = made.environment['PATH'] ?? '';
    const script = `#!/bin/sh
PATH='${path}'
case " $* " in
  *" read-tree --reset -u "*)
    if mkdir '${made.base}/first'; then echo $$ > '${made.base}/filling'; while [ ! -e '${made.base}/never' ]; do sleep 0.02; done; fi ;;
esac
exec git "$@"
`;
    await chmod(await made.write('bin/git', script), 0o755);
    const run = made.start(['run'], { env: { PATH: `${made.base}/bin:${path}` } });
    await made.waitForFile('filling');
    const filling = Number(await made.readText('filling'));
    kill(await ownerOf(made, 'task:A-1'));
    expect(await run.done).toMatchObject({ code: 0, stdout: expect.stringMatching(/\n1 landed\n$/) });
    expect(made.exists('alive')).toBe(false);
    expect(await isRunning(filling)).toBe(false);
  });

  test('of the train during its gate: the same run starts it again, and nothing is landed twice', async () => {
    const made = await makeYard({
      config: {
        environment: { allow: ['GATES'] },
        gates: {
          default: {
            run: 'if [ -e human.txt ] && [ ! -e "$GATES/killed" ]; then echo $$ > "$GATES/gate"; while [ ! -e "$GATES/never" ]; do sleep 0.02; done; fi',
          },
        },
      },
      tasks: [{ id: 'A-1', does: 'touch "$BASE/started"; wait_for go; echo a > a.txt' }],
    });
    await made.write('gates/README', '');
    const run = made.start(['run'], { env: { GATES: join(made.base, 'gates') } });
    await made.waitForFile('started');
    await made.humanCommit('agent/integration', 'human.txt', '1\n');
    await made.touch('go');
    await made.waitForFile('gates/gate');
    await made.touch('gates/killed');
    kill(await ownerOf(made, 'train'));
    expect(await run.done).toMatchObject({ code: 0, stdout: expect.stringMatching(/\n1 landed\n$/) });
    expect(made.git('log', '--first-parent', '--format=%s', 'agent/integration').split('\n')).toEqual([
      'Do A-1',
      'Human: human.txt',
      'First',
    ]);
    // Whoever took the slot over ended what was running in it.
    expect(await isRunning(Number(await made.readText('gates/gate')))).toBe(false);
  });
});
