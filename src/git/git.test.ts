import { existsSync } from 'node:fs';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';

import { makeRepository, runGit } from '../../test/fixtures/git/repository.ts';
import { moveOn, useYard } from '../../test/fixtures/git/yard.ts';
import { useTemporaryDirectory } from '../../test/fixtures/temporary-directory.ts';
import { fetchCommit, setRefs } from './depot.ts';
import { git, gitLine } from './git.ts';
import { moveTarget } from './target.ts';

afterEach(() => void vi.unstubAllEnvs());

test('an exit code that is no answer is a GitError with what git said', async () => {
  const { path } = await makeRepository(await useTemporaryDirectory(), { a: 'a' });
  const call = { gitDir: join(path, '.git') };
  await expect(git(['cat-file', 'blob', 'nothing'], call)).rejects.toMatchObject({
    code: 'git-failed',
    exitCode: 128,
    stderr: expect.stringContaining('nothing'),
  });
  await expect(git(['cat-file', 'blob', 'nothing'], { ...call, answers: [128] })).resolves.toMatchObject({ code: 128 });
});

test('an error names the subcommand, behind the settings of its call', async () => {
  const { path } = await makeRepository(await useTemporaryDirectory(), { a: 'a' });
  const args = ['-c', 'core.abbrev=8', 'cat-file', 'blob', 'nothing'];
  await expect(git(args, { gitDir: join(path, '.git') })).rejects.toThrow(/^git cat-file exited with 128/);
});

test('a machine without git is told so', async () => {
  const directory = await useTemporaryDirectory();
  vi.stubEnv('PATH', directory);
  await expect(git(['version'], { gitDir: directory })).rejects.toMatchObject({
    name: 'UserError',
    code: 'git-missing',
  });
});

test('a working directory that is gone is not taken for a missing git', async () => {
  const directory = join(await useTemporaryDirectory(), 'gone');
  await expect(git(['version'], { gitDir: directory })).rejects.toMatchObject({ code: 'git-failed', exitCode: null });
});

test('a call that takes too long, or says too much, is a GitError; output may be cut where that is wanted', async () => {
  const { path } = await makeRepository(await useTemporaryDirectory(), { a: 'x'.repeat(100_000) });
  const call = { gitDir: join(path, '.git'), maxOutputBytes: 1000 };
  await expect(git(['cat-file', 'blob', 'HEAD:a'], call)).rejects.toMatchObject({ exitCode: null });
  const cut = await git(['cat-file', 'blob', 'HEAD:a'], { ...call, mayCut: true });
  expect(cut.stdout.length).toBeLessThan(2000);
  const controller = new AbortController();
  controller.abort();
  await expect(git(['version'], { ...call, signal: controller.signal })).rejects.toMatchObject({ exitCode: null });
});

test('the operator is heard where their repository is looked for, and nowhere else', async () => {
  const directory = await useTemporaryDirectory();
  const { path } = await makeRepository(directory, { a: 'a' });
  await writeFile(join(directory, 'global'), '[user]\n\tname = Global\n');
  vi.stubEnv('GIT_CONFIG_GLOBAL', join(directory, 'global'));
  const args = ['config', '--get', 'user.name'];
  expect(await gitLine(args, { gitDir: null, cwd: path })).toBe('Global');
  await expect(git(args, { gitDir: join(path, '.git') })).rejects.toMatchObject({ exitCode: 1 });
});

const HOOKS = ['reference-transaction', 'post-checkout', 'pre-auto-gc', 'post-index-change', 'post-update', 'update'];

/** Everything that a repository's configuration can name, each of which would leave a file. */
async function plant(path: string, marker: string): Promise<void> {
  const program = join(path, '.git/planted');
  await writeFile(program, `#!/bin/sh\necho "$0 $*" >>'${marker}'\nexit 0\n`);
  await chmod(program, 0o755);
  await mkdir(join(path, '.git/hooks'), { recursive: true });
  for (const hook of HOOKS) {
    await writeFile(join(path, '.git/hooks', hook), `#!/bin/sh\necho ${hook} >>'${marker}'\n`);
    await chmod(join(path, '.git/hooks', hook), 0o755);
  }
  await writeFile(
    join(path, '.git/included'),
    `[core]\n\tfsmonitor = ${program}\n\thooksPath = ${join(path, '.git/hooks')}\n`,
  );
  const settings: [string, string][] = [
    ['core.fsmonitor', program],
    ['core.sshCommand', program],
    ['core.pager', program],
    ['core.editor', program],
    ['core.alternateRefsCommand', program],
    ['include.path', 'included'],
    ['protocol.ext.allow', 'always'],
    ['protocol.allow', 'always'],
    ['uploadpack.packObjectsHook', program],
    ['credential.helper', program],
    ['filter.planted.clean', program],
    ['filter.planted.smudge', program],
    ['filter.planted.process', program],
    ['diff.planted.textconv', program],
    ['diff.planted.command', program],
    ['merge.planted.driver', program],
    ['gpg.program', program],
    ['commit.gpgSign', 'true'],
    ['gc.auto', '1'],
    ['remote.origin.url', `ext::${program}`],
    ['remote.origin.uploadpack', program],
    ['extensions.worktreeConfig', 'true'],
  ];
  for (const [key, value] of settings) await runGit(path, ['config', key, value]);
  await writeFile(join(path, '.git/config.worktree'), `[core]\n\tfsmonitor = ${program}\n`);
  await writeFile(join(path, '.git/info/attributes'), '* filter=planted diff=planted merge=planted\n');
}

test('nothing that the operator’s repository names is run when it gives a commit, or takes one', async () => {
  const yard = await useYard({ 'a.txt': 'a\n' });
  const { repository, depot, source, base } = yard;
  const marker = join(yard.directory, 'marker');
  const next = await moveOn(yard, { 'a.txt': 'b\n' });
  await runGit(source.path, ['checkout', '--quiet', '--detach']);
  await plant(source.path, marker);
  // A URL of the depot that is rewritten, and a remote that has its path for a name.
  await runGit(source.path, ['config', `url.ext::${join(source.path, '.git/planted')} .insteadOf`, 'nowhere:']);
  await runGit(source.path, ['config', `remote.${depot.path}.uploadpack`, join(source.path, '.git/planted')]);
  await runGit(source.path, ['config', `remote.${depot.path}.receivepack`, join(source.path, '.git/planted')]);

  await fetchCommit({ into: depot.path, from: repository.commonDirectory, commit: next });
  await setRefs(depot, { 'refs/yard/target': next });
  const ref = 'refs/heads/landed';
  const zero = '0'.repeat(40);
  expect(await moveTarget({ repository, depot, ref, from: zero, to: base, reason: 'r' })).toMatchObject({
    kind: 'moved',
  });
  expect(await moveTarget({ repository, depot, ref, from: base, to: next, reason: 'r' })).toMatchObject({
    kind: 'moved',
  });
  expect(existsSync(marker)).toBe(false);

  // The same, as a person would do it, so that the test is known to test something.
  await runGit(source.path, ['update-ref', ref, base]);
  expect(existsSync(marker)).toBe(true);
});

test('a rewritten URL does not lead elsewhere', async () => {
  const yard = await useYard({ 'a.txt': 'a\n' });
  const { repository, depot, source } = yard;
  const marker = join(yard.directory, 'marker');
  const program = join(yard.directory, 'program');
  await writeFile(program, `#!/bin/sh\ntouch '${marker}'\n`);
  await chmod(program, 0o755);
  await runGit(source.path, ['config', 'protocol.ext.allow', 'always']);
  await runGit(source.path, ['config', `url.ext::${program} %S .insteadOf`, depot.path]);
  const fetch = fetchCommit({ into: repository.commonDirectory, from: depot.path, commit: yard.base });
  await fetch.catch(() => null);
  expect(existsSync(marker)).toBe(false);
});
