import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { expectRefused } from '../fixtures/e2e/expect-refused.ts';
import { isRunning } from '../fixtures/e2e/own-processes.ts';
import { makeYard } from '../fixtures/e2e/yard.ts';
import { until } from '../fixtures/yard/until.ts';
import type { E2eYard } from '../fixtures/e2e/yard.ts';

/** The reasons of `yard why`, in order, and its sentence. */
async function why(made: E2eYard, id: string): Promise<{ reasons: string[]; text: string }> {
  const json = JSON.parse((await made.yard(['why', id, '--json'])).stdout) as { waiting: { reason: string }[] };
  const text = await made.yard(['why', id]);
  expect(text).toMatchObject({ code: 0, stderr: '' });
  return { reasons: json.waiting.map(({ reason }) => reason), text: text.stdout };
}

const WAITS = (sign: string, file: string): string =>
  `touch "$BASE/started-${sign}"; wait_for go; mkdir -p ${sign}; echo x > ${sign}/${file}`;

describe('status and why', () => {
  test('say what runs and for what each task waits', async () => {
    const made = await makeYard({
      config: { limits: { retries: 0 } },
      tasks: [
        { id: 'ASK-1', priority: 9, does: 'echo "Which one?" > BLOCKED.md' },
        { id: 'PROT-1', priority: 9, does: 'echo x > AGENTS.md' },
        { id: 'PARK-1', priority: 9, does: 'exit 1' },
        { id: 'RUN-1', priority: 5, owns: ['a/'], does: WAITS('a', 'one.txt') },
        { id: 'RUN-2', priority: 5, owns: ['b/'], does: WAITS('b', 'two.txt') },
        { id: 'SCOPE-1', owns: ['a/**/*.ts'], does: 'exit 1' },
        { id: 'SLOT-1', owns: ['c/'], does: 'exit 1' },
        { id: 'DEP-1', after: ['RUN-1', 'ASK-1'], does: 'exit 1' },
        { id: 'PROB-1', gate: 'none', acceptance: [], does: 'exit 1' },
      ],
    });
    const run = made.start(['run']);
    await made.waitForFile('started-a');
    await made.waitForFile('started-b');
    const status = await made.status();
    expect(status).toMatchObject({
      target: 'agent/integration',
      stopped: null,
      scheduler: { pid: run.pid },
      counts: { running: 2, blocked: 2, parked: 1, ready: 4 },
    });
    const views = Object.fromEntries(status.tasks.map((task) => [task.id, task]));
    expect(views['RUN-1']).toMatchObject({ id: 'RUN-1', status: 'running', attempt: 1, waiting: [] });
    const [alive] = status.running;
    expect(alive).toMatchObject({
      id: 'RUN-1',
      attempt: 1,
      phase: 'implementing',
      wait: null,
      lane: join(made.state, 'lanes/RUN-1'),
      base: made.git('rev-parse', 'agent/integration'),
      ref: null,
    });
    expect(await isRunning(alive?.pid ?? 0)).toBe(true);
    expect(status.recent.map(({ id, outcome }) => `${id} ${outcome}`).toSorted()).toEqual([
      'ASK-1 question',
      'PARK-1 no-packet',
      'PROT-1 needs-approval',
    ]);
    expect(views['SCOPE-1']).toMatchObject({
      status: 'ready',
      attempt: 0,
      waiting: [
        { reason: 'scope', detail: 'RUN-1 holds a/, which overlaps a/**/*.ts, until it has landed' },
        { reason: 'slots', detail: '2 attempts run (limit 2)' },
      ],
    });
    expect(await why(made, 'SLOT-1')).toEqual({
      reasons: ['slots'],
      text: 'SLOT-1 is ready\n  2 attempts run (limit 2)\n',
    });
    expect(await why(made, 'DEP-1')).toMatchObject({
      reasons: ['dependency', 'dependency', 'slots'],
      text: expect.stringContaining('it comes after ASK-1, which is blocked and has not landed'),
    });
    expect(await why(made, 'PROB-1')).toMatchObject({
      reasons: ['problem', 'problem', 'slots'],
      text: expect.stringContaining('its gate "none" is not in the configuration; known: default'),
    });
    expect(await why(made, 'ASK-1')).toMatchObject({ reasons: ['question'] });
    expect(await why(made, 'PROT-1')).toMatchObject({
      reasons: ['approval'],
      text: expect.stringMatching(
        /it changed protected paths \(AGENTS\.md\); look with: yard diff PROT-1, then: yard approve PROT-1 [0-9a-f]{12} \(or refuse\)/,
      ),
    });
    expect(await why(made, 'PARK-1')).toMatchObject({ reasons: ['parked'] });
    expect((await why(made, 'RUN-1')).text).toMatch(/^RUN-1 is running: attempt 1, implementing for \d+ s\n$/);
    // The mistake is told while the run goes on with what it has, and taken back when it is mended.
    const config = await made.readText('repo/.yard/config.yaml');
    await made.write('repo/.yard/config.yaml', `${config}\nnonsense: 1\n`);
    expect((await made.yard(['status'])).stdout).toMatch(
      /^the configuration has a mistake: \.yard\/config\.yaml:.*; the last good one is in force$/m,
    );
    await made.write('repo/.yard/config.yaml', config);
    expect(await made.status()).toMatchObject({ configProblem: null, refusal: null });
    const next = await made.yard(['next', '--explain']);
    expect(next.stdout).toContain('the next cycle would do nothing\n\n4 ready tasks would not start:\n');
    expect(next.stdout).toContain('SCOPE-1: RUN-1 holds a/, which overlaps a/**/*.ts, until it has landed\n');
    const all = await made.yard(['why', '--all']);
    expect(all).toMatchObject({ code: 0, stderr: '' });
    expect(all.stdout).toMatch(/^9 tasks are not done, 2 run, 7 wait\n\nASK-1: it asks: Which one\?/);
    expect(all.stdout).toContain('SLOT-1: 2 attempts run (limit 2)\n');
    const text = await made.yard(['status']);
    expect(text.stdout).toMatch(
      /^4 ready, 2 running, 2 blocked, 1 parked → agent\/integration\na scheduler runs \(process \d+\)\n/,
    );
    await expectRefused(made, ['why', 'NONE-1'], { error: /^there is no task "NONE-1"$/, hint: /yard tasks/ });

    const follower = made.start(['events', '--limit', '0', '-f', '--json']);
    await made.yard(['stop', '--why', 'enough']);
    await until('the event', () => (follower.output().includes('"yard.stopped"') ? true : null));
    follower.kill('SIGINT');
    expect(await follower.done).toMatchObject({ code: 0, stderr: '' });
    expect((await why(made, 'SLOT-1')).reasons).toEqual(['stopped', 'slots']);
    await made.touch('go');
    expect(await run.done).toMatchObject({ code: 4 });
    const page = await made.readText('state/STATUS.md');
    expect(page).toMatch(
      /^# Status of the yard\n[^]*^- no scheduler runs [^]*^## Waits for you\n\n- \*\*ASK-1\*\* blocked/m,
    );
    const shown = await made.yard(['show', 'RUN-1']);
    expect(shown.stdout).toMatch(/^RUN-1 is accepted\n/m);
    expect(shown.stdout).toContain(`  evidence of attempt 1: ${join(made.state, 'attempts/RUN-1/1')}\n`);
    expect(await why(made, 'RUN-1')).toMatchObject({
      reasons: ['stopped', 'train'],
      text: expect.stringContaining('it is next to land'),
    });
    expect((await why(made, 'RUN-2')).text).toContain('1 accepted task is ahead of it in the train');
    made.git('worktree', 'add', '--quiet', join(made.base, 'linked'), 'agent/integration');
    expect((await why(made, 'RUN-1')).reasons).toEqual(['landing-blocked', 'stopped', 'train']);
    expect((await made.yard(['status'])).stdout).toContain(
      'stopped by the operator: enough (go on with: yard resume)\n',
    );
  });

  test('failures in a row, a full backlog, a failure of the machine, and before the first run', async () => {
    const made = await makeYard({
      config: { limits: { backlog: 1, consecutiveFailures: 1, retries: 0, concurrent: 1 } },
      tasks: [
        { id: 'INFRA-1', priority: 9, does: 'exit 127' },
        { id: 'OK-1', priority: 8, does: 'echo x > ok.txt' },
        { id: 'BAD-1', does: 'exit 1' },
        { id: 'NEXT-1', priority: -1, does: 'echo x > next.txt' },
      ],
    });
    expect(await made.yard(['status'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^nothing has run yet\n/),
    });
    await expectRefused(made, ['tasks'], { error: /^nothing has run yet$/, hint: /yard run/ });
    await made.yard(['reconcile', '--drain']);
    expect((await why(made, 'NEXT-1')).text).toBe(
      'NEXT-1 is ready\n  no scheduler runs, so nothing new starts; go on with: yard run\n',
    );
    await made.yard(['reconcile', '--sync', '--no-land']);
    const infra = JSON.parse((await made.yard(['why', 'INFRA-1', '--json'])).stdout) as {
      state: { notBeforeMs: number };
      waiting: { reason: string }[];
    };
    expect(infra.state.notBeforeMs).toBeGreaterThan(0);
    // On a slow machine the wait is over by now.
    expect(infra.waiting.map(({ reason }) => reason).filter((reason) => reason !== 'not-before')).toEqual(['failures']);
    await made.yard(['cancel', 'INFRA-1']);
    await made.yard(['resume']);
    await made.yard(['reconcile', '--sync', '--no-land']);
    expect(await made.statusOf('OK-1')).toBe('accepted');
    expect(await why(made, 'NEXT-1')).toMatchObject({
      reasons: ['backlog'],
      text: expect.stringContaining('1 accepted task waits to land (limit 1)'),
    });
    await made.yard(['drive', 'OK-1']);
    await made.yard(['reconcile', '--sync']);
    expect(await made.statusOf('BAD-1')).toBe('parked');
    expect(await why(made, 'NEXT-1')).toMatchObject({
      reasons: ['failures'],
      text: expect.stringContaining(
        '1 attempt failed in a row (limit 1); look at them with: yard breaker, then: yard breaker reset',
      ),
    });
    expect((await why(made, 'OK-1')).text).toMatch(/^OK-1 has landed as [0-9a-f]{40}\n$/);
  });
});

describe('logs and diff', () => {
  test('follow an attempt to its end, and show what it did', async () => {
    const made = await makeYard({
      files: { 'a.txt': 'one\n' },
      config: { gates: { default: { run: 'echo checking; test "$(cat a.txt)" = three' } }, limits: { retries: 1 } },
      tasks: [
        {
          id: 'A-1',
          does: `printf 'working \\033]0;evil\\007on it\\n'; echo "and talk" >&2; touch "$BASE/started"; wait_for go; if [ "$YARD_ATTEMPT" = 1 ]; then echo two; else echo three; fi > a.txt`,
        },
        { id: 'B-1', after: ['A-1'] },
      ],
    });
    await made.yard(['reconcile', '--drain']);
    await expectRefused(made, ['logs', 'A-1'], { error: /^A-1 has not been tried yet$/, hint: /yard why A-1/ });
    await expectRefused(made, ['diff', 'A-1'], {
      error: /^no attempt of A-1 has made a commit yet$/,
      hint: /yard why A-1/,
    });
    const run = made.start(['drive', 'A-1']);
    await made.waitForFile('started');
    const logs = made.start(['logs', 'A-1', '-f']);
    await made.until('a line of the log', () => logs.output().includes('working on it'));
    await made.touch('go');
    // It ends with the attempt, though the task goes on.
    const followed = await logs.done;
    expect(followed).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(
        /^A-1, attempt 1, agent script; all of it in \/.*\/attempts\/A-1\/1\n[\s\S]*ended: gate-red: the gate is red: .*\n$/,
      ),
    });
    expect(followed.stdout).toBe(
      'working on it\nand talk\ngate: [sandbox: none; network: open]\ngate: $ echo checking; test "$(cat a.txt)" = three\ngate: checking\ngate: ["echo checking; test \\"$(cat a.txt)\\" = three" exited with 1]\n',
    );
    expect(await run.done).toMatchObject({ code: 0 });
    expect(await made.yard(['logs', 'A-1'])).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('attempt 2'),
      stdout: expect.stringContaining('gate: checking\n'),
    });
    expect(await made.yard(['logs', 'A-1', '--attempt', '1'])).toMatchObject({
      stderr: expect.stringContaining('ended: gate-red'),
    });
    await expectRefused(made, ['logs', 'A-1', '--attempt', '9'], {
      error: /^A-1 has no attempt 9$/,
      hint: /It has 2 attempt/,
    });

    const second = await made.yard(['diff', 'A-1']);
    expect(second).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('-one\n+three\n') });
    const first = await made.yard(['diff', 'A-1', '--attempt', '1', '--stat']);
    expect(first.stdout).toContain('1 file changed');
    expect(first.stdout).toContain('-one\n+two\n');
    // What comes out of a pipe can be applied.
    const patch = await made.write('a.patch', second.stdout);
    made.git('apply', '--check', patch);
  });
});
