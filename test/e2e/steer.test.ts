import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { expectRefused } from '../fixtures/e2e/expect-refused.ts';
import { processesOf } from '../fixtures/e2e/own-processes.ts';
import { makeYard } from '../fixtures/e2e/yard.ts';

describe('while work runs', () => {
  test('cancel ends the processes of the attempt and keeps its lane', async () => {
    const made = await makeYard({
      tasks: [
        // Ignores what asks it to end, and leaves a process in a session of its own.
        {
          id: 'A-1',
          does: `trap '' TERM INT HUP; echo half > half.txt; setsid sh -c 'trap "" TERM; while [ ! -e "$0/never" ]; do sleep 0.05; done' "$BASE" & touch "$BASE/started"; wait_for never`,
        },
        { id: 'B-1', does: 'wait_for started; wait_for go; echo b > b.txt' },
      ],
    });
    const run = made.start(['run']);
    await made.waitForFile('started');
    await made.waitForStatus('B-1', 'running');
    expect(await made.yard(['cancel', 'A-1'])).toMatchObject({
      code: 0,
      stdout: 'A-1 is cancelled; what its lane holds is kept\n',
    });
    const left = await processesOf(join(made.state, 'lanes/A-1'));
    expect(left).toEqual([]);
    const lane = { cwd: join(made.state, 'lanes/A-1') };
    const refusal = { error: /lanes\/A-1 is in a lane, the checkout of an agent$/, hint: /your own checkout/ };
    for (const args of [['status'], ['run'], ['answer', 'B-1', 'x']]) await expectRefused(made, args, refusal, lane);
    expect(await made.readText('state/lanes/A-1/half.txt')).toBe('half');
    await made.touch('go');
    expect(await run.done).toMatchObject({ code: 0, stdout: expect.stringMatching(/\n1 landed, 1 cancelled\n$/) });
    expect(await made.readText('state/lanes/A-1/half.txt')).toBe('half');
    expect(made.git('ls-tree', '-r', '--name-only', 'agent/integration')).not.toContain('half.txt');
  });

  test('stop lets attempts come to their end and nothing land; resume goes on', async () => {
    const made = await makeYard({
      tasks: [
        { id: 'A-1', does: 'touch "$BASE/started"; wait_for go; echo a > a.txt' },
        { id: 'B-1', after: ['A-1'], does: 'echo b > b.txt' },
      ],
    });
    const run = made.start(['run']);
    await made.waitForFile('started');
    expect(await made.yard(['stop', '--why', 'a look first'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Go on with: yard resume'),
    });
    await made.touch('go');
    expect(await run.done).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('stopped by the operator: a look first'),
    });
    expect((await made.status()).stopped).toMatchObject({ by: 'the operator', why: 'a look first' });
    expect(await made.statusOf('A-1')).toBe('accepted');
    expect(made.git('rev-parse', 'agent/integration')).toBe(made.git('rev-parse', 'main'));
    expect(await made.yard(['reconcile'])).toMatchObject({
      code: 0,
      stdout:
        'nothing to do now; see: yard status\nthe yard is stopped by the operator (a look first); go on with: yard resume\n',
    });
    expect(await made.yard(['resume'])).toMatchObject({ code: 0, stdout: 'the yard may go on: yard run\n' });
    expect(await made.yard(['resume'])).toMatchObject({
      code: 0,
      stdout: 'it was not stopped; the yard may go on: yard run\n',
    });
    expect(await made.yard(['run'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/\n2 landed\n$/) });
  });

  test('case 20: two started at the same moment: one drives, the other names it and exits with 0', async () => {
    const made = await makeYard({ tasks: [{ id: 'A-1', does: 'wait_for go; echo a > a.txt' }] });
    const runs = [made.start(['run']), made.start(['run'])] as const;
    const first = await Promise.race(runs.map(async ({ pid, done }) => ({ pid, ...(await done) })));
    const [driver] = runs.filter(({ pid }) => pid !== first.pid);
    expect(first).toMatchObject({
      code: 0,
      stdout: '',
      stderr: expect.stringContaining(`another scheduler drives this yard already: process ${driver?.pid}\n`),
    });
    await made.touch('go');
    expect(await driver?.done).toMatchObject({ code: 0, stdout: expect.stringMatching(/\n1 landed\n$/) });
    expect(await made.read(async (reader) => (await reader.attempts('A-1')).length)).toBe(1);
  });

  test('case 20: a second scheduler names the first and exits with 0', async () => {
    const made = await makeYard({ tasks: [{ id: 'A-1', does: 'touch "$BASE/started"; wait_for go; echo a > a.txt' }] });
    const run = made.start(['run']);
    await made.waitForFile('started');
    const holder = `another scheduler drives this yard already: process ${run.pid}\nWatch it with: yard attach\n`;
    expect(await made.yard(['reconcile'])).toMatchObject({ code: 0, stdout: '', stderr: holder });
    expect(await made.yard(['run'])).toMatchObject({
      code: 0,
      stderr: holder,
    });
    const json = await made.yard(['reconcile', '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({ held: { pid: run.pid }, commands: [] });
    expect(await made.yard(['doctor', '--repair'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`process ${run.pid} drives this yard`),
    });
    expect(await made.status()).toMatchObject({ scheduler: { pid: run.pid } });
    const doctor = JSON.parse((await made.yard(['doctor', '--json'])).stdout) as {
      checks: { id: string; message: string }[];
    };
    expect(doctor.checks.find(({ id }) => id === 'scheduler')).toMatchObject({
      status: 'pass',
      message: `process ${run.pid} drives this yard`,
    });
    await made.touch('go');
    expect(await run.done).toMatchObject({ code: 0 });
  });
});

describe('one cycle', () => {
  test('reconcile: --dry-run, --drain, --no-land, --sync, and alone', async () => {
    const made = await makeYard({
      config: { limits: { dispatchPerCycle: 1 } },
      tasks: [
        { id: 'A-1', does: 'touch "$BASE/started"; wait_for go; echo a > a.txt' },
        { id: 'B-1', does: 'echo b > b.txt' },
      ],
    });
    const before = await made.print();
    const dry = await made.yard(['reconcile', '--dry-run']);
    expect(dry).toMatchObject({ code: 0, stdout: 'would import A-1, B-1\nwould start A-1: Do A-1\n' });
    const { state: _before, events: _none, ...repository } = before as Record<string, unknown>;
    expect(await made.print()).toMatchObject(repository);
    expect(await made.read((reader) => reader.rows())).toEqual([]);
    expect(existsSync(join(made.state, 'lanes'))).toBe(false);

    expect(await made.yard(['reconcile', '--drain'])).toMatchObject({
      code: 0,
      stdout: 'import A-1, B-1\nnothing to do now; see: yard status\n',
    });
    // It returns while the agent works.
    expect(await made.yard(['reconcile'])).toMatchObject({ code: 0, stdout: 'start A-1: Do A-1\n' });
    await made.waitForFile('started');
    const events = await made.read((reader) => reader.events({}));
    expect(await made.yard(['reconcile', '--dry-run', '--json'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('"B-1"'),
    });
    expect(await made.read((reader) => reader.events({}))).toHaveLength(events.length);
    expect(await made.yard(['reconcile', '--sync', '--no-land'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/1 accepted, 1 running\n$/),
    });
    expect(await made.statusOf('B-1')).toBe('accepted');
    expect(await made.statusOf('A-1')).toBe('running');
    await made.touch('go');
    await made.waitForStatus('A-1', 'accepted');
    expect(await made.yard(['reconcile', '--no-land'])).toMatchObject({
      stdout: 'nothing to do now; see: yard status\n',
    });
    expect(await made.yard(['reconcile', '--drain'])).toMatchObject({
      code: 0,
      stdout: 'integrate 2 accepted tasks\n',
    });
    await made.waitForStatus('A-1', 'landed');
    await made.waitForStatus('B-1', 'landed');
  });

  test('drive runs one task and no other', async () => {
    const made = await makeYard({
      tasks: [
        { id: 'A-1', does: 'echo a > a.txt' },
        { id: 'B-1', does: 'echo b > b.txt' },
        { id: 'C-1', after: ['B-1'], does: 'echo c > c.txt' },
        { id: 'Q-1', does: 'echo "Why?" > BLOCKED.md' },
      ],
    });
    expect(await made.yard(['drive', 'a-1'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('★ A-1 landed'),
    });
    const statuses = async () => (await made.status()).tasks.map(({ id, status }) => `${id} ${status}`).toSorted();
    expect(await statuses()).toEqual(['A-1 landed', 'B-1 ready', 'C-1 ready', 'Q-1 ready']);
    expect(await made.yard(['drive', 'C-1'])).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/^sandbox: none .*\nC-1 is ready; see: yard why C-1\n$/),
    });
    expect(await made.yard(['drive', 'Q-1'])).toMatchObject({ code: 3, stdout: expect.stringContaining('asks: Why?') });
    expect(await statuses()).toEqual(['A-1 landed', 'B-1 ready', 'C-1 ready', 'Q-1 blocked']);
    expect(await made.yard(['drive', 'NONE-1'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('error: there is no task "NONE-1"'),
    });
    expect(await made.yard(['drive', 'A-1'])).toMatchObject({ code: 0 });
  });
});
