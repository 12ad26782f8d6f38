import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { NO_COUNTERS } from '../../src/core/task-state.ts';
import { isRunning, processesOf } from '../fixtures/e2e/own-processes.ts';
import { makeYard } from '../fixtures/e2e/yard.ts';
import type { E2eYard } from '../fixtures/e2e/yard.ts';

/** Leaves half of its work, a process in a session of its own, and no answer to SIGTERM; the next attempt finishes it. */
const STUBBORN = `if [ "$YARD_ATTEMPT" = 1 ]; then
  trap '' TERM INT HUP; echo half > half.txt; echo $$ > "$BASE/agent"
  setsid sh -c 'trap "" TERM; while [ ! -e "$0/never" ]; do sleep 0.05; done' "$BASE" &
  touch "$BASE/started"; wait_for never
else test "$(cat half.txt)" = half; mv half.txt whole.txt; fi`;

const AT_THE_FIRST_SIGNAL = { YARD_FAILPOINTS: 'process.kill:before:1:kill' };

async function progressOf(made: E2eYard, id: string): Promise<unknown> {
  return made.read(async (reader) => {
    const task = await reader.task(id);
    return { status: task?.state.status, counters: task?.counters };
  });
}

async function kindsOfOutcomes(made: E2eYard, id: string): Promise<unknown[]> {
  return made.read(async (reader) => (await reader.attempts(id)).map(({ outcome }) => outcome?.kind));
}

/** The run goes on after it, with nothing lost. */
async function expectToLand(made: E2eYard, count: number): Promise<void> {
  expect(await made.yard(['resume'])).toMatchObject({ code: 0 });
  expect(await made.yard(['run'])).toMatchObject({ code: 0, stdout: expect.stringContaining(`\n${count} landed\n`) });
}

describe('stop --now', () => {
  test('beside a run: ends all that runs, says so, and the run ends; the work goes on where it was', async () => {
    const made = await makeYard({
      tasks: [
        { id: 'A-1', does: STUBBORN },
        { id: 'B-1', does: 'touch "$BASE/b"; wait_for go; echo b > b.txt' },
      ],
    });
    const run = made.start(['run']);
    await made.waitForFile('started');
    await made.waitForFile('b');
    expect(await made.yard(['stop', '--now', '--why', 'the house is on fire'])).toMatchObject({
      code: 0,
      stdout: `stopped, and ended: A-1 (attempt 1), B-1 (attempt 1)
their tasks are ready again, with no retry spent; what their lanes hold is kept
Go on with: yard resume && yard run
`,
    });
    expect(await processesOf(join(made.state, 'lanes'))).toEqual([]);
    expect(await made.readText('state/lanes/A-1/half.txt')).toBe('half');
    expect(await run.done).toMatchObject({
      code: 4,
      stderr: expect.stringContaining(
        'stopped by the operator: the house is on fire. Go on with: yard resume && yard run',
      ),
    });
    for (const id of ['A-1', 'B-1']) {
      expect(await progressOf(made, id)).toEqual({ status: 'ready', counters: NO_COUNTERS });
      expect(await kindsOfOutcomes(made, id)).toEqual(['cancelled']);
    }
    expect(await made.read((reader) => reader.openIntents())).toEqual([]);
    // What the killed turns have left is nothing to see a doctor about.
    expect(readdirSync(join(made.state, 'tmp'))).not.toEqual([]);
    const doctor = await made.yard(['doctor', '--quick', 'half-made']);
    expect(doctor.stdout).toMatch(/^pass {2}half-made +nothing but what a process has left that was ended/m);
    await made.touch('go');
    await expectToLand(made, 2);
    expect(made.git('show', 'agent/integration:whole.txt')).toBe('half');
  });

  test('without a run, and where nothing runs', async () => {
    const made = await makeYard({ tasks: [{ id: 'A-1', does: STUBBORN }] });
    const run = made.start(['run']);
    await made.waitForFile('started');
    run.kill('SIGKILL');
    await run.done;
    expect(await made.yard(['stop', '--now'])).toMatchObject({ code: 0, stdout: expect.stringContaining('A-1') });
    expect(await isRunning(Number(await made.readText('agent')))).toBe(false);
    expect(await progressOf(made, 'A-1')).toEqual({ status: 'ready', counters: NO_COUNTERS });
    expect(await made.yard(['stop', '--now'])).toMatchObject({
      code: 0,
      stdout: 'stopped already; nothing was running\nGo on with: yard resume && yard run\n',
    });
    await expectToLand(made, 1);
  });

  test('the train and its gate; what was on board lands later, once', async () => {
    const made = await makeYard({
      config: {
        environment: { allow: ['GATES'] },
        gates: {
          default: {
            run: 'if [ -e human.txt ] && [ ! -e "$GATES/go" ]; then echo $$ > "$GATES/gate"; while [ ! -e "$GATES/never" ]; do sleep 0.02; done; fi',
          },
        },
      },
      tasks: [{ id: 'A-1', does: 'touch "$BASE/started"; wait_for go; echo a > a.txt' }],
    });
    await made.write('gates/README', '');
    const env = { GATES: join(made.base, 'gates') };
    const run = made.start(['run'], { env });
    await made.waitForFile('started');
    await made.humanCommit('agent/integration', 'human.txt', '1\n');
    await made.touch('go');
    await made.waitForFile('gates/gate');
    expect(await made.yard(['stop', '--now'])).toMatchObject({
      code: 0,
      stdout: 'stopped, and ended: the train\nGo on with: yard resume && yard run\n',
    });
    expect(await isRunning(Number(await made.readText('gates/gate')))).toBe(false);
    expect(await run.done).toMatchObject({ code: 4 });
    expect(await made.read((reader) => reader.lease('train'))).toBeNull();
    await made.touch('gates/go');
    expect(await made.yard(['resume'])).toMatchObject({ code: 0 });
    expect(await made.yard(['run'], { env })).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/\n1 landed\n$/),
    });
    expect(made.git('log', '--first-parent', '--format=%s', 'agent/integration').split('\n')).toEqual([
      'Do A-1',
      'Human: human.txt',
      'First',
    ]);
  });
});

describe('whoever ends processes may die on the way', () => {
  test.each([
    ['stop --now', ['stop', '--now'], ['stop', '--now'], 'A-1 (attempt 1)'],
    ['stop --now', ['stop', '--now'], ['reconcile'], 'end the processes of attempt 1 of A-1'],
    ['cancel', ['cancel', 'A-1'], ['reconcile'], 'end the processes of attempt 1 of A-1'],
  ])('%s: %j is completed by %j', async (_, command, next, said) => {
    const made = await makeYard({ tasks: [{ id: 'A-1', does: STUBBORN }] });
    const run = made.start(['run']);
    await made.waitForFile('started');
    run.kill('SIGKILL');
    await run.done;
    const agent = Number(await made.readText('agent'));
    expect(await made.yard(command, { env: AT_THE_FIRST_SIGNAL })).toMatchObject({ code: null });
    expect(await isRunning(agent)).toBe(true);
    expect(await made.yard(next)).toMatchObject({ code: 0, stdout: expect.stringContaining(said) });
    expect(await isRunning(agent)).toBe(false);
    expect(await processesOf(join(made.state, 'lanes'))).toEqual([]);
    expect(await made.read((reader) => reader.openIntents())).toEqual([]);
    const status = command[0] === 'cancel' ? 'cancelled' : 'ready';
    expect(await progressOf(made, 'A-1')).toEqual({ status, counters: NO_COUNTERS });
    expect(await made.readText('state/lanes/A-1/half.txt')).toBe('half');
  });
});
