import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';

import { headOf, makeRepository, runGit } from '../../test/fixtures/git/repository.ts';
import { useTemporaryDirectory } from '../../test/fixtures/temporary-directory.ts';
import { configValue, currentCommit, findRepository } from './repository.ts';

afterEach(() => void vi.unstubAllEnvs());

test.each(['plain', 'with space', 'é ü 日本', 'quo\'te"', 'trailing ', '-dash'])(
  'a repository is found from wherever in it one is: %j',
  async (name) => {
    const directory = await useTemporaryDirectory();
    const root = join(directory, name);
    const { path } = await makeRepository(root, { 'sub dir/é/f': 'f' });
    const expected = { root, commonDirectory: join(root, '.git'), name, format: 'sha1', shallow: false };
    expect(await findRepository(path)).toEqual(expected);
    expect(await findRepository(join(path, 'sub dir/é'))).toEqual(expected);
    symlinkSync(path, join(directory, 'link'));
    expect(await findRepository(join(directory, 'link/sub dir'))).toEqual(expected);
    const linked = join(directory, 'linked é');
    await runGit(path, ['worktree', 'add', '--quiet', linked, '-b', 'other']);
    expect(await findRepository(join(linked, 'sub dir'))).toEqual({ ...expected, root: linked });
  },
);

test('a repository of sha256, with its git directory elsewhere, has a name', async () => {
  const directory = await useTemporaryDirectory();
  await makeRepository(join(directory, 'a'), { f: 'f' }, { format: 'sha256' });
  await runGit(join(directory, 'a'), ['init', '--quiet', `--separate-git-dir=${join(directory, 'store.git')}`]);
  expect(await findRepository(join(directory, 'a'))).toEqual({
    root: join(directory, 'a'),
    commonDirectory: join(directory, 'store.git'),
    name: 'store',
    format: 'sha256',
    shallow: false,
  });
});

test('a bare repository, none at all, and one that git cannot read are told apart', async () => {
  const directory = await useTemporaryDirectory();
  await expect(findRepository(directory)).rejects.toMatchObject({ name: 'UserError', code: 'no-repository' });
  await runGit(directory, ['init', '--quiet', '--bare', 'bare.git']);
  await expect(findRepository(join(directory, 'bare.git'))).rejects.toMatchObject({ code: 'bare-repository' });
  await expect(findRepository(join(directory, 'bare.git/refs'))).rejects.toMatchObject({ code: 'bare-repository' });
  const { path } = await makeRepository(join(directory, 'r'), { f: 'f' });
  await expect(findRepository(join(path, '.git'))).rejects.toMatchObject({ code: 'no-repository' });
  writeFileSync(
    join(path, '.git/config'),
    '[core]\n\trepositoryformatversion = 1\n[extensions]\n\trefStorage = reftable\n',
  );
  await expect(findRepository(path)).rejects.toMatchObject({
    code: 'no-repository',
    message: expect.stringContaining('refstorage'),
  });
});

test('a repository of another user is refused until it is trusted', async (context) => {
  if (process.geteuid?.() !== 0) return context.skip('needs root to make a repository of another user');
  const { path } = await makeRepository(await useTemporaryDirectory(), { f: 'f' });
  execFileSync('chown', ['-R', '65534:65534', path]);
  await expect(findRepository(path)).rejects.toMatchObject({ code: 'foreign-repository' });
  vi.stubEnv('GIT_CONFIG_COUNT', '1');
  vi.stubEnv('GIT_CONFIG_KEY_0', 'safe.directory');
  vi.stubEnv('GIT_CONFIG_VALUE_0', '*');
  expect((await findRepository(path)).root).toBe(path);
  return undefined;
});

test('the current commit and branch: on a branch, detached, unborn', async () => {
  const { path } = await makeRepository(await useTemporaryDirectory());
  const repository = await findRepository(path);
  expect(await currentCommit(repository)).toBeNull();
  await runGit(path, ['commit', '--quiet', '--allow-empty', '--message', 'first']);
  const commit = await headOf({ path });
  expect(await currentCommit(repository)).toEqual({ commit, branch: 'main' });
  // A tag of that name does not change the branch's.
  await runGit(path, ['tag', 'main']);
  expect(await currentCommit(repository)).toEqual({ commit, branch: 'main' });
  await runGit(path, ['checkout', '--quiet', '-b', 'feature/é-1']);
  expect(await currentCommit(repository)).toEqual({ commit, branch: 'feature/é-1' });
  await runGit(path, ['checkout', '--quiet', '--detach']);
  expect(await currentCommit(repository)).toEqual({ commit, branch: null });
});

test('the current commit is that of the working tree one is in', async () => {
  const directory = await useTemporaryDirectory();
  const { path } = await makeRepository(join(directory, 'r'), { f: 'f' });
  mkdirSync(join(directory, 'w'));
  await runGit(path, ['worktree', 'add', '--quiet', '-b', 'other', join(directory, 'w')]);
  expect((await currentCommit(await findRepository(join(directory, 'w'))))?.branch).toBe('other');
});

test('settings are read as git reads them', async () => {
  const { path } = await makeRepository(await useTemporaryDirectory(), { f: 'f' });
  const repository = await findRepository(path);
  await runGit(path, ['config', 'yard.path', '~/x']);
  await runGit(path, ['config', 'yard.flag', 'on']);
  vi.stubEnv('HOME', '/home/ann');
  expect(await configValue(repository, 'yard.path', 'path')).toBe('/home/ann/x');
  expect(await configValue(repository, 'yard.flag', 'bool')).toBe('true');
  expect(await configValue(repository, 'yard.none')).toBeNull();
});
