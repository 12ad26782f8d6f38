import { existsSync } from 'node:fs';
import { cp, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { expectRefused } from '../fixtures/e2e/expect-refused.ts';
import { runGit } from '../fixtures/e2e/git.ts';
import { makeYard } from '../fixtures/e2e/yard.ts';
import type { E2eYard } from '../fixtures/e2e/yard.ts';

/** Puts another repository in the place of the yard's own, made by git with these arguments. */
async function replaceBy(made: E2eYard, ...args: string[]): Promise<void> {
  await rm(made.root, { recursive: true });
  runGit(made.base, made.home, [...args, made.root]);
}

describe('a place that is no repository to work on', () => {
  test('no repository, no commits, a bare one, a lane', async () => {
    const made = await makeYard({ config: null });
    const outside = join(made.base, 'outside');
    await mkdir(outside);
    for (const command of [['init'], ['run'], ['status'], ['add', 'x']]) {
      await expectRefused(
        made,
        command,
        { error: /^\/.*\/outside is in no checkout of a git repository$/, hint: /git init/ },
        { cwd: outside },
      );
    }
    runGit(made.base, made.home, ['init', '--quiet', '--bare', outside]);
    await expectRefused(
      made,
      ['init'],
      { error: /^\/.*\/outside is in a bare repository/, hint: /Clone it/ },
      { cwd: outside },
    );
    await replaceBy(made, 'init', '--quiet');
    await expectRefused(made, ['init'], { error: /^\/.*\/repo has no commits yet$/, hint: /git commit/ });
    await made.write('repo/.git/yardmaster-lane', '');
    await expectRefused(made, ['init'], {
      error: /is in a lane, the checkout of an agent$/,
      hint: /your own checkout/,
    });
  });

  test('a clone that does not hold all its objects', async () => {
    const made = await makeYard({ config: null });
    made.git('commit', '--quiet', '--allow-empty', '--message=Second');
    const origin = join(made.base, 'origin');
    await cp(made.root, origin, { recursive: true });
    runGit(origin, made.home, ['config', 'uploadpack.allowFilter', 'true']);
    await replaceBy(made, 'clone', '--quiet', '--depth=1', `file://${origin}`);
    await expectRefused(made, ['init'], {
      error: /repo is a shallow clone: its history cannot be copied to work on$/,
      hint: /git fetch --unshallow/,
    });
    await replaceBy(made, 'clone', '--quiet', '--filter=blob:none', `file://${origin}`);
    await expectRefused(made, ['init'], { error: /repo is a partial clone: .*network$/, hint: /without --filter/ });
  });

  test('files that go through a filter', async () => {
    const made = await makeYard({
      config: null,
      files: { 'assets/.gitattributes': '*.png filter=lfs diff=lfs -text\n' },
    });
    await expectRefused(made, ['init'], {
      error:
        /^assets\/\.gitattributes(:1)?: (assets\/\.gitattributes )?sends files through a filter \(\*\.png filter=lfs.*Git LFS pointers$/,
      hint: /Git LFS is not supported yet/,
    });
    made.git('rm', '--quiet', 'assets/.gitattributes');
    await made.write('repo/.gitattributes', '# filter=no\n*.c filter=indent\n');
    made.git('add', '--all');
    made.git('commit', '--quiet', '--message=Filter');
    await expectRefused(made, ['init'], {
      error: /^\.gitattributes(:2)?: .*\(\*\.c filter=indent\)/,
      hint: /run programs on the host/,
    });
    made.git('rm', '--quiet', '-f', '.gitattributes');
    made.git('commit', '--quiet', '--message=None');
    await made.write('repo/.git/info/attributes', '*.c filter=indent\n');
    await expectRefused(made, ['init'], { error: /info\/attributes/, hint: /./ });
  });

  test('a target that is held, symbolic, or no branch name', async () => {
    const made = await makeYard({ config: null });
    const held = {
      error: /^the target main is checked out in \/.*\/repo: landing would change/,
      hint: /git switch -c my-work/,
    };
    await expectRefused(made, ['init', '--target', 'main'], held);
    made.git('symbolic-ref', 'refs/heads/alias', 'refs/heads/main');
    await expectRefused(made, ['init', '--target', 'alias'], {
      error: /^the target alias is a symbolic ref to refs\/heads\/main/,
      hint: /--target/,
    });
    made.git('branch', 'agent');
    const names = [
      '-rf',
      '--upload-pack=x',
      'a..b',
      'x.lock',
      '../../x',
      'HEAD',
      'x y',
      '$(id)',
      '@{-1}',
      'a\nb',
      '',
      'refs/heads/x',
      'a/',
      '.a',
      'a//b',
      '@',
    ];
    for (const name of names) {
      await expectRefused(made, ['init', `--target=${name}`], {
        error: /^".*" is not a branch name that Yardmaster takes$/,
        hint: /letters, digits/,
      });
    }
  });
});

describe('an unusual repository that works', () => {
  test('submodules, with a warning; sparse; sha256', async () => {
    const made = await makeYard({
      init: ['--object-format=sha256'],
      files: { 'src/a.txt': 'a\n', 'other/b.txt': 'b\n', 'lib.txt': 'x\n' },
      config: {
        gates: {
          default: { run: 'test -f other/b.txt && test "$(cat src/a.txt)" = changed && test -z "$(ls vendor/lib)"' },
        },
      },
      tasks: [{ id: 'A-1', does: 'echo changed > src/a.txt' }],
    });
    const [commit] = made.git('rev-parse', 'HEAD').split('\n');
    made.git('update-index', '--add', '--cacheinfo', `160000,${commit},vendor/lib`);
    made.git('commit', '--quiet', '--message=Submodule');
    made.git('sparse-checkout', 'set', 'src', '.yard');
    expect(existsSync(join(made.root, 'other/b.txt'))).toBe(false);
    const ran = await made.yard(['run']);
    expect(ran).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('warning: submodules are left empty in lanes and gates: vendor/lib'),
    });
    expect(made.git('show', 'agent/integration:src/a.txt')).toBe('changed');
    expect(made.git('rev-parse', 'agent/integration')).toMatch(/^[0-9a-f]{64}$/);
    expect(made.git('ls-tree', 'agent/integration', 'vendor/lib')).toContain(`160000 commit ${commit}`);
    expect(existsSync(join(made.root, 'other/b.txt'))).toBe(false);
  });

  test('a linked working tree and a subdirectory are the same yard', async () => {
    const made = await makeYard({ files: { 'src/a.txt': 'a\n' }, tasks: [{ id: 'A-1', does: 'echo b > src/a.txt' }] });
    expect(await made.yard(['run'], { cwd: join(made.root, 'src') })).toMatchObject({ code: 0 });
    const linked = join(made.base, 'linked');
    made.git('worktree', 'add', '--quiet', linked);
    const status = await made.yard(['status'], { cwd: join(linked, 'src') });
    expect(status).toMatchObject({ code: 0, stdout: expect.stringContaining('1 landed → agent/integration') });
  });

  test('init says that submodules are left empty', async () => {
    const made = await makeYard({ config: null });
    made.git('update-index', '--add', '--cacheinfo', `160000,${made.git('rev-parse', 'HEAD')},vendor/lib`);
    made.git('commit', '--quiet', '--message=Submodule');
    const ran = await made.yard(['init', '--gate', 'true']);
    expect(ran).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('warning: submodules are left empty in lanes and gates: vendor/lib'),
    });
  });
});
