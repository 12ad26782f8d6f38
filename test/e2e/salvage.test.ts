import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { kill } from '../fixtures/e2e/own-processes.ts';
import { makeYard } from '../fixtures/e2e/yard.ts';
import type { E2eYard } from '../fixtures/e2e/yard.ts';

interface Listed {
  readonly salvage: readonly {
    readonly id: string;
    readonly status: string;
    readonly where: string;
    readonly files: number | null;
    readonly ownCommits: number;
    readonly directories: readonly string[];
    readonly busy: string | null;
  }[];
}

async function list(made: E2eYard, ...rest: readonly string[]): Promise<Listed['salvage']> {
  const { stdout, code, stderr } = await made.yard(['salvage', 'list', ...rest, '--json']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return (JSON.parse(stdout) as Listed).salvage;
}

async function killOwner(made: E2eYard, taskId: string): Promise<void> {
  const resource = `task:${taskId}` as const;
  kill(await made.until('an owner', () => made.read(async (reader) => (await reader.lease(resource))?.owner?.pid)));
}

/** A task that its agent gave up, so that its lane keeps what it has made. */
async function givenUp(does: string, files: Readonly<Record<string, string>> = {}): Promise<E2eYard> {
  const made = await makeYard({
    files,
    config: { limits: { retries: 0 } },
    tasks: [{ id: 'A-1', does: `${does}; exit 1` }],
  });
  expect(await made.yard(['run'])).toMatchObject({ code: 3 });
  expect(await made.statusOf('A-1')).toBe('parked');
  return made;
}

describe('a killed attempt', () => {
  test('kill -9: the very file that its agent had not committed is restored', async () => {
    const made = await makeYard({
      tasks: [
        {
          id: 'A-1',
          does: 'mkdir -p notes; printf "half a thought" > notes/half.txt; echo changed > README.md; touch "$BASE/started"; wait_for go',
        },
      ],
    });
    const run = made.start(['run']);
    await made.waitForFile('started');
    expect(await list(made)).toMatchObject([
      { id: 'A-1/1', status: 'running', files: null, busy: expect.stringContaining('is running') },
    ]);
    const early = await made.yard(['salvage', 'restore', 'A-1/1', '--to', '../early']);
    expect(early).toMatchObject({
      code: 2,
      stdout: '',
      stderr:
        'error: attempt 1 of A-1 is running, and its files change; nothing was changed, and nothing is lost\nhint: Wait until it ends, or end all that runs: yard stop --now. Tasks are ready again, no retry is spent, and lanes stay as they are.\n',
    });
    expect(existsSync(join(made.base, 'early'))).toBe(false);

    run.kill('SIGKILL');
    await run.done;
    await killOwner(made, 'A-1');
    // Its agent has no process left to write with once one cycle has cleared up.
    expect(await made.yard(['salvage', 'show', 'A-1'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('yard reconcile --drain --no-land'),
    });
    await made.yard(['reconcile', '--drain', '--no-land']);
    expect(await made.statusOf('A-1')).toBe('ready');

    expect(await list(made, 'a-1')).toMatchObject([
      { id: 'A-1/1', status: 'ready', where: 'lane', files: 2, ownCommits: 0 },
    ]);
    expect(await made.yard(['salvage', 'show', 'A-1/1'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(
        /^A-1\/1, ready, in its lane, on [0-9a-f]{12}\n {2}changed +\+1 -1 +README.md\n {2}added +\+1 -0 +notes\/half.txt\n$/,
      ),
    });
    const restored = await made.yard(['salvage', 'restore', 'A-1/1']);
    expect(restored).toMatchObject({ code: 0, stdout: `${join(made.root, 'salvage-A-1-1')}\n` });
    expect(readFileSync(join(made.root, 'salvage-A-1-1/notes/half.txt'), 'utf8')).toBe('half a thought');
    expect(readdirSync(join(made.root, 'salvage-A-1-1'))).toEqual(['README.md', 'notes']);
    // Looking changed nothing: the next attempt goes on where the first was.
    await made.does('A-1', 'test "$(cat notes/half.txt)" = "half a thought"');
    await made.yard(['run']);
    expect(made.git('show', 'agent/integration:notes/half.txt')).toBe('half a thought');
  });

  test('a scheduler that died with it is not needed: nothing of it runs any more', async () => {
    const made = await makeYard({
      tasks: [{ id: 'A-1', does: 'echo x > x; echo $$ > "$BASE/agent"; touch "$BASE/started"; wait_for go' }],
    });
    const run = made.start(['run']);
    await made.waitForFile('started');
    run.kill('SIGKILL');
    await run.done;
    await killOwner(made, 'A-1');
    await made.touch('go');
    const find = await made.until('the end of its agent', async () =>
      (await list(made)).find(({ busy }) => busy === null),
    );
    expect(find).toMatchObject({ id: 'A-1/1', status: 'running', where: 'lane', files: 1 });
    expect(await made.yard(['salvage', 'restore', 'A-1/1', '--to', '../there'])).toMatchObject({ code: 0 });
    expect(readFileSync(join(made.base, 'there/x'), 'utf8')).toBe('x\n');
  });
});

describe('what did not land', () => {
  test('stays where it is when its task is cancelled, and can be had as a branch, which is never moved', async () => {
    const made = await givenUp('echo mine > mine.txt; rm README.md');
    await made.yard(['cancel', 'A-1']);
    expect(await list(made)).toMatchObject([{ id: 'A-1/1', status: 'cancelled', where: 'lane', files: 2 }]);
    const head = made.git('rev-parse', 'HEAD');
    const status = made.git('status', '--porcelain');
    expect(await made.yard(['salvage', 'restore', 'A-1/1', '--branch', 'saved/a'])).toMatchObject({ code: 0 });
    expect(made.git('show', 'saved/a:mine.txt')).toBe('mine');
    expect(made.git('ls-tree', '--name-only', 'saved/a').split('\n')).not.toContain('README.md');
    expect([made.git('rev-parse', 'HEAD'), made.git('status', '--porcelain')]).toEqual([head, status]);
    expect(await made.yard(['salvage', 'restore', 'A-1/1', '--branch', 'saved/a'])).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('already there'),
    });
    for (const taken of ['main', 'saved']) {
      expect(await made.yard(['salvage', 'restore', 'A-1/1', '--branch', taken])).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(/^(?!.*cannot lock ref).*nothing was moved/),
      });
    }
    expect(made.git('rev-parse', 'main')).toBe(head);
    expect(await made.yard(['salvage', 'restore', 'A-1/1', '--branch=--force'])).toMatchObject({ code: 2 });
  });

  test('the agent’s own commits are listed and restored, after the task has landed too', async () => {
    const made = await makeYard({
      tasks: [
        {
          id: 'A-1',
          does: 'echo try > try.txt; git add try.txt; git commit -qm "a first try"; git rm -q try.txt; echo done > done.txt',
        },
      ],
    });
    expect(await made.yard(['run'])).toMatchObject({ code: 0 });
    expect(existsSync(join(made.state, 'lanes/A-1'))).toBe(false);
    expect(await list(made)).toMatchObject([
      { id: 'A-1/1', status: 'landed', where: 'beside', files: 0, ownCommits: 1 },
    ]);
    const shown = JSON.parse((await made.yard(['salvage', 'show', 'A-1/1', '--json'])).stdout) as {
      readonly ownCommits: readonly { readonly commit: string; readonly subject: string }[];
    };
    expect(shown.ownCommits).toMatchObject([{ subject: 'a first try' }]);
    const commit = shown.ownCommits[0]?.commit ?? '';
    expect(await made.yard(['salvage', 'restore', 'A-1/1'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--commit'),
    });
    expect(await made.yard(['salvage', 'restore', 'A-1/1', '--commit', commit.slice(0, 8)])).toMatchObject({ code: 0 });
    expect(readFileSync(join(made.root, 'salvage-A-1-1/try.txt'), 'utf8')).toBe('try\n');
    expect((await made.yard(['salvage', 'show', 'A-1/1', '--commit', commit, '--patch'])).stdout).toContain('+try\n');
  });

  test('what no git can hold is found in a directory', async () => {
    const made = await givenUp('git init -q inner; echo p > inner/precious; echo f > f');
    const [find] = await list(made);
    expect(find).toMatchObject({ id: 'A-1/1', files: 1, directories: [join(made.state, 'lanes/A-1')] });
    expect((await made.yard(['salvage', 'show', 'A-1/1'])).stdout).toContain('inner is a repository of its own');
    // A newer base: the lane is filled anew.
    await made.humanCommit('agent/integration', 'human.txt', '1\n');
    await made.does('A-1', 'echo done > done.txt');
    await made.yard(['retry', 'A-1']);
    expect(await made.yard(['run'])).toMatchObject({ code: 0 });
    const [kept] = await list(made);
    expect(kept).toMatchObject({ id: 'A-1/1', status: 'landed', where: 'kept', files: 1 });
    expect(readFileSync(join(kept?.directories[0] ?? '', 'inner/precious'), 'utf8')).toBe('p\n');
  });
});

describe('restoring', () => {
  test('writes nowhere but into a new or empty directory, and follows no link', async () => {
    const made = await givenUp('echo x > x; ln -s /etc link; mkdir d; ln -s ../.. d/up; echo y > d/y');
    const outside = join(made.base, 'outside');
    await mkdir(outside);
    await symlink(outside, join(made.base, 'linked'));
    await writeFile(join(outside, 'mine'), 'mine');
    for (const to of ['../linked', '../outside', '../outside/mine', '.', '.git/x', '.yard/x']) {
      expect(await made.yard(['salvage', 'restore', 'A-1/1', '--to', to])).toMatchObject({
        code: 2,
        stdout: '',
        stderr: expect.stringContaining('nothing was changed'),
      });
    }
    expect(readdirSync(outside)).toEqual(['mine']);
    await mkdir(join(made.base, 'empty'));
    expect(await made.yard(['salvage', 'restore', 'a-1', '--to', '../empty', '--all'])).toMatchObject({ code: 0 });
    expect(readdirSync(join(made.base, 'empty'))).toEqual(expect.arrayContaining(['README.md', 'd', 'link', 'x']));
    expect(readlinkSync(join(made.base, 'empty/link'))).toBe('/etc');
    expect(readFileSync(join(made.base, 'empty/d/y'), 'utf8')).toBe('y\n');
  });

  test.each(['kill', 'error'])(
    'one that is cut short by %s says so, or can be done again elsewhere',
    async (action) => {
      const made = await givenUp('echo x > x');
      for (const moment of ['before', 'after']) {
        const to = join(made.base, moment);
        const env = { YARD_FAILPOINTS: `git.checkout-index:${moment}:1:${action}` };
        const cut = await made.yard(['salvage', 'restore', 'A-1/1', '--to', to], { env });
        expect(cut).toMatchObject(
          action === 'kill'
            ? { code: null, stdout: '' }
            : { code: 1, stdout: '', stderr: expect.stringContaining(`What is salvaged is untouched. Remove ${to}`) },
        );
        // What it has written by then is not written over.
        const again = await made.yard(['salvage', 'restore', 'A-1/1', '--to', to]);
        expect(again.code).toBe(moment === 'before' ? 0 : 2);
        expect(await made.yard(['salvage', 'restore', 'A-1/1', '--to', `${to}-2`])).toMatchObject({ code: 0 });
        expect(readFileSync(join(`${to}-2`, 'x'), 'utf8')).toBe('x\n');
      }
    },
  );

  test('names that would act on a terminal are inert', async () => {
    const made = await givenUp(
      `printf x > "$(printf 'a\\033]0;owned\\007b')"; git add -A; git commit -qm "$(printf 'c\\033[2Jd')"`,
    );
    for (const args of [['list'], ['show', 'A-1/1'], ['show', 'A-1/1', '--json']]) {
      const { stdout, code } = await made.yard(['salvage', ...args]);
      expect(code).toBe(0);
      expect(stdout).not.toContain('\u001b');
    }
    const restored = await made.yard(['salvage', 'restore', 'A-1/1', '--to', '../there']);
    expect(restored.stderr).not.toContain('\u001b');
    expect(readdirSync(join(made.base, 'there'))).toEqual(['a\u001b]0;owned\u0007b']);
  });

  test('where there is no room to read a lane, it says so, and the lane is untouched', async () => {
    const made = await givenUp('echo x > x');
    const env = { YARD_FAILPOINTS: 'git.fast-import:before:0:enospc' };
    expect(await made.yard(['salvage', 'restore', 'A-1/1', '--to', '../there'], { env })).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(
        /the lane of A-1 could not be read: .*no space left[^]*hint: Its lane is untouched/,
      ),
    });
    expect(await made.yard(['salvage', 'restore', 'A-1/1', '--to', '../there'])).toMatchObject({ code: 0 });
  });

  test('what it cannot do it says, with what to do', async () => {
    const made = await givenUp('echo x > x');
    const cases: [string[], string][] = [
      [['salvage', 'bring'], 'It is one of: list, show, restore.'],
      [['salvage', 'show'], 'yard salvage'],
      [['salvage', 'list', 'A-9'], 'Did you mean A-1?'],
      [['salvage', 'list', 'everything', '--json'], 'yard tasks'],
      [['salvage', 'show', 'A-1/1', '--patch', '--json'], 'one of them'],
      [['salvage', 'restore', 'A-1/1', '--to', ''], 'new or empty'],
      [['salvage', 'restore', 'A-1/1', '--branch', 'ORIG_HEAD'], 'Use letters'],
      [['salvage', 'show', 'A-1/7'], 'Did you mean A-1/1?'],
      [['salvage', 'list', '--patch'], 'yard salvage --help'],
      [['salvage', 'restore', 'A-1/1', '--branch', 'b', '--to', 'd'], 'one after the other'],
      [['salvage', 'show', 'A-1/1', '--commit', 'abcdefgh'], '8 characters or more'],
    ];
    for (const [args, hint] of cases) {
      const stdout = args.includes('--json') ? expect.stringContaining('"code": "') : '';
      expect(await made.yard(args)).toMatchObject({ code: 2, stdout, stderr: expect.stringContaining(hint) });
    }
  });
});
