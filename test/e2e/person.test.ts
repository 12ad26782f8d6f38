import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { expectRefused } from '../fixtures/e2e/expect-refused.ts';
import { runGit } from '../fixtures/e2e/git.ts';
import { makeYard } from '../fixtures/e2e/yard.ts';

/** Asks in the first attempt, and in the second needs the answer. */
const asks = (how: string, answer: string, then: string): string =>
  `if [ "$YARD_ATTEMPT" = 1 ]; then ${how}; else printf '%s' "$PROMPT" | grep -q '${answer}'; ${then}; fi`;

describe('a question', () => {
  test('blocks one task until it is answered; the lane is kept, BLOCKED.md never committed', async () => {
    const made = await makeYard({
      tasks: [
        {
          id: 'RES-1',
          does: asks(
            `echo draft > draft.txt; printf '{"question":"Which colour?"}' > "$YARD_RESULT"`,
            'Blue, please',
            'mv draft.txt blue.txt',
          ),
        },
        {
          id: 'BLK-1',
          does: asks(
            'echo half > half.txt; echo "May I remove it?" > BLOCKED.md',
            'Yes, remove it',
            'test ! -e BLOCKED.md; mv half.txt whole.txt',
          ),
        },
        { id: 'FREE-1', does: 'echo x > free.txt' },
      ],
    });
    await expectRefused(made, ['answer', 'RES-1', 'x'], { error: /^nothing has run yet$/, hint: /yard run/ });
    const ran = await made.yard(['run']);
    expect(ran).toMatchObject({ code: 3, stdout: expect.stringMatching(/\n1 landed, 2 blocked\n$/) });
    expect(ran.stdout).toContain('? RES-1 asks: Which colour?');
    const { tasks } = await made.status();
    expect(tasks.map(({ id, status, waiting }) => [id, status, waiting.map(({ reason }) => reason)])).toEqual([
      ['BLK-1', 'blocked', ['question']],
      ['RES-1', 'blocked', ['question']],
      // What is done comes last.
      ['FREE-1', 'landed', []],
    ]);
    expect(await made.yard(['why', 'BLK-1'])).toMatchObject({
      stdout:
        'BLK-1 is blocked until a person decides\n  it asks: May I remove it? — answer with: yard answer BLK-1 "…"\n',
    });
    await expectRefused(made, ['answer', 'RES-1', '  '], { error: /^the answer is empty$/, hint: /./ });
    await expectRefused(made, ['answer', 'FREE-1', 'x'], {
      error: /^FREE-1 is landed; answer applies to a task that is blocked on a question$/,
      hint: /yard why FREE-1/,
    });
    await expectRefused(made, ['answer', 'RES-2', 'x'], {
      error: /^there is no task "RES-2"$/,
      hint: /Did you mean RES-1\?/,
    });
    await expectRefused(made, ['approve', 'RES-1'], {
      error: /^RES-1 is blocked; approve applies to a task that is blocked on an approval$/,
      hint: /./,
    });
    await expectRefused(made, ['retry', 'RES-1'], {
      error: /^RES-1 is blocked; unpark applies to a task that is parked$/,
      hint: /./,
    });
    // Ids are taken without regard to case.
    expect(await made.yard(['answer', 'res-1', 'Blue, please'])).toMatchObject({
      code: 0,
      stdout: 'RES-1 is ready again; its next attempt gets the answer\n',
    });
    expect(await made.yard(['answer', 'BLK-1', 'Yes, remove it'])).toMatchObject({ code: 0 });
    expect(await made.yard(['run'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/\n3 landed\n$/) });
    expect(made.git('show', 'agent/integration:blue.txt')).toBe('draft');
    expect(made.git('show', 'agent/integration:whole.txt')).toBe('half');
    for (const repository of [made.root, join(made.state, 'depot.git')]) {
      const paths = runGit(repository, made.home, ['log', '--all', '--name-only', '--format=']);
      expect(paths).toContain('whole.txt');
      expect(paths).not.toContain('BLOCKED.md');
    }
  });
});

describe('a change to a protected path', () => {
  test('waits for the approval of exactly this content', async () => {
    const made = await makeYard({
      config: {
        gates: { default: { run: 'echo run >> "$RUNS"; test ! -e CLAUDE.md || test -e code.txt' } },
        environment: { allow: ['RUNS'] },
      },
      tasks: [{ id: 'P-1', does: 'echo "Be careful." > CLAUDE.md; echo x > code.txt' }],
    });
    const env = { RUNS: join(made.base, 'runs') };
    const ran = await made.yard(['run'], { env });
    expect(ran).toMatchObject({
      code: 3,
      stdout: expect.stringContaining('changed protected paths (CLAUDE.md) and waits for approval'),
    });
    expect(existsSync(env.RUNS)).toBe(false);
    const why = await made.yard(['why', 'P-1']);
    const [, hash = ''] = /yard approve P-1 ([0-9a-f]{12}) \(or refuse\)/.exec(why.stdout) ?? [];
    expect(hash).not.toBe('');
    expect((await made.yard(['diff', 'P-1'])).stdout).toContain('+Be careful.');
    const mismatch = {
      error: new RegExp(`^[0-9a-f]+ is not what waits for approval in P-1; that is ${hash}$`),
      hint: /yard diff P-1/,
    };
    await expectRefused(made, ['approve', 'P-1', '0123456789ab'], mismatch);
    await expectRefused(made, ['approve', 'P-1', hash.slice(0, 4)], {
      error: /is too short: of a hash, 8 characters/,
      hint: /yard why P-1$/,
    });
    await expectRefused(made, ['refuse', 'P-1', '0123456789ab'], {
      error: /^0123456789ab is not what waits for approval in P-1; that is [0-9a-f]{12}$/,
      hint: /yard diff P-1/,
    });
    expect(await made.yard(['approve', 'P-1', hash])).toMatchObject({
      code: 0,
      stdout: `P-1: approved CLAUDE.md as in ${hash}; it goes on to its gate\n`,
    });
    await made.does('P-1', 'exit 1');
    expect(await made.yard(['run'], { env })).toMatchObject({ code: 0 });
    expect(made.git('show', 'agent/integration:CLAUDE.md')).toBe('Be careful.');
    expect(await made.readText('runs')).toBe('run');
  });

  test('the yard’s own are protected whatever is listed, and what a merge makes of two changes waits again', async () => {
    const made = await makeYard({
      config: { protected: ['AGENTS.md'] },
      files: { '.yard/notes': 'one\ntwo\nthree\nfour\nfive\n' },
      tasks: [
        { id: 'P-1', does: 'sed -i "1s/.*/ONE/" .yard/notes' },
        { id: 'P-2', does: 'sed -i "5s/.*/FIVE/" .yard/notes' },
      ],
    });
    expect(await made.yard(['run'])).toMatchObject({ code: 3, stdout: expect.stringMatching(/\n2 blocked\n$/) });
    for (const id of ['P-1', 'P-2']) expect(await made.yard(['approve', id])).toMatchObject({ code: 0 });
    expect(await made.yard(['run'])).toMatchObject({
      code: 3,
      stdout: expect.stringContaining(
        'merged with what has landed since, protected paths (.yard/notes) wait for approval',
      ),
    });
    const blocked = (await made.yard(['why', 'P-1'])).stdout.includes('has landed') ? 'P-2' : 'P-1';
    expect((await made.yard(['why', blocked])).stdout).toContain('have a content that nobody has approved');
    const diff = (await made.yard(['diff', blocked])).stdout;
    expect(diff).toContain(blocked === 'P-2' ? '+FIVE' : '+ONE');
    // Against the target as it is, where the other one has landed.
    expect(diff).toContain(blocked === 'P-2' ? ' ONE\n' : ' FIVE\n');
    expect(await made.yard(['approve', blocked])).toMatchObject({
      stdout: expect.stringContaining('approved .yard/notes'),
    });
    expect(await made.yard(['run'])).toMatchObject({ code: 0 });
    expect(made.git('show', 'agent/integration:.yard/notes')).toBe('ONE\ntwo\nthree\nfour\nFIVE');
  });

  test('refused, it parks; put back, it starts again', async () => {
    const made = await makeYard({
      tasks: [
        {
          id: 'P-1',
          does: 'if [ "$YARD_ATTEMPT" = 1 ]; then mkdir -p .yard; echo "version: 1" > .yard/config.local.yml; else rm -rf .yard/config.local.yml; echo x > ok.txt; fi',
        },
      ],
    });
    expect(await made.yard(['run'])).toMatchObject({ code: 3, stdout: expect.stringMatching(/\n1 blocked\n$/) });
    expect(await made.yard(['refuse', 'P-1'])).toMatchObject({
      code: 0,
      stdout: 'P-1 is parked; its work is kept. Put it back with: yard unpark P-1\n',
    });
    expect(await made.yard(['why', 'P-1'])).toMatchObject({
      stdout: expect.stringContaining('it is parked: a person refused it; put it back with: yard unpark P-1'),
    });
    await expectRefused(made, ['refuse', 'P-1'], {
      error: /^P-1 is parked; refuse applies to a task that is blocked$/,
      hint: /./,
    });
    expect(existsSync(join(made.state, 'lanes/P-1/.yard/config.local.yml'))).toBe(true);
    expect(await made.yard(['retry', 'P-1'])).toMatchObject({
      code: 0,
      stdout: 'P-1 is ready again, with all its retries\n',
    });
    expect(await made.yard(['run'])).toMatchObject({ code: 0 });
    expect(made.git('ls-tree', '-r', '--name-only', 'agent/integration')).not.toContain('config.local.yml');
    await expectRefused(made, ['cancel', 'P-1'], {
      error: /^P-1 is landed; cancel applies to a task that is not done yet$/,
      hint: /yard why P-1/,
    });
  });
});
