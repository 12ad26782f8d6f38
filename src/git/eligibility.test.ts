import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { commitFiles, headOf, makeRepository, runGit, writeFiles } from '../../test/fixtures/git/repository.ts';
import type { Files } from '../../test/fixtures/git/repository.ts';
import { useTemporaryDirectory } from '../../test/fixtures/temporary-directory.ts';
import { checkEligibility } from './eligibility.ts';
import type { Eligibility } from './eligibility.ts';
import { findRepository } from './repository.ts';

async function check(path: string): Promise<Eligibility> {
  return checkEligibility(await findRepository(path), await headOf({ path }));
}

test('a plain repository will do, also of sha256 and with a sparse checkout', async () => {
  const directory = await useTemporaryDirectory();
  const plain = await makeRepository(join(directory, 'plain'), {
    'a/x': 'x',
    'b/y': 'y',
    '.gitattributes': '* text=auto eol=lf\n',
  });
  expect(await check(plain.path)).toEqual({ submodules: [] });
  await runGit(plain.path, ['sparse-checkout', 'set', 'a']);
  expect(await check(plain.path)).toEqual({ submodules: [] });
  const sha256 = await makeRepository(join(directory, 'sha256'), { f: 'f' }, { format: 'sha256' });
  expect(await check(sha256.path)).toEqual({ submodules: [] });
});

test('a shallow clone is refused', async () => {
  const directory = await useTemporaryDirectory();
  const source = await makeRepository(join(directory, 'source'), { f: '1' });
  await commitFiles(source, { f: '2' });
  await runGit(directory, ['clone', '--quiet', '--depth=1', `file://${source.path}`, 'clone']);
  const refusal = { name: 'UserError', code: 'shallow', hint: expect.stringContaining('--unshallow') };
  await expect(check(join(directory, 'clone'))).rejects.toMatchObject(refusal);
  await runGit(join(directory, 'clone'), ['fetch', '--quiet', '--unshallow']);
  expect(await check(join(directory, 'clone'))).toEqual({ submodules: [] });
});

test('a partial clone is refused', async () => {
  const directory = await useTemporaryDirectory();
  const source = await makeRepository(join(directory, 'source'), { f: '1' });
  await runGit(source.path, ['config', 'uploadpack.allowFilter', 'true']);
  await runGit(directory, ['clone', '--quiet', '--filter=blob:none', `file://${source.path}`, 'clone']);
  await expect(check(join(directory, 'clone'))).rejects.toMatchObject({ name: 'UserError', code: 'partial' });
});

test.each<[string, Files, string]>([
  ['Git LFS', { '.gitattributes': '*.bin filter=lfs diff=lfs merge=lfs -text\n' }, '.gitattributes'],
  ['in a directory', { 'assets/é/.gitattributes': '\n# c\n*.psd\tfilter=lfs\n' }, 'assets/é/.gitattributes'],
  ['another filter', { '.gitattributes': 'secret filter=git-crypt diff=git-crypt\n' }, '.gitattributes'],
  ['in a macro', { '.gitattributes': '[attr]crypt filter=x\n*.k crypt\n' }, '.gitattributes'],
])('a repository with filters is refused: %s', async (_what, files, file) => {
  const { path } = await makeRepository(await useTemporaryDirectory(), files);
  await expect(check(path)).rejects.toMatchObject({ name: 'UserError', code: 'filters', place: { file } });
});

test('a filter in info/attributes is refused; one that is only talked about, or off, is not', async () => {
  const files = {
    '.gitattributes': '# *.bin filter=lfs\n*.txt -filter\n*.md !filter text\n',
    'docs/gitattributes': '* filter=lfs\n',
    'link/.gitattributes': { link: '/etc/passwd' },
  };
  const { path } = await makeRepository(await useTemporaryDirectory(), files);
  expect(await check(path)).toEqual({ submodules: [] });
  await writeFiles(path, { '.git/info/attributes': '*.x filter=y\n' });
  await expect(check(path)).rejects.toMatchObject({
    code: 'filters',
    place: { file: join(path, '.git/info/attributes') },
  });
});

test('submodules are listed', async () => {
  const repository = await makeRepository(await useTemporaryDirectory(), { f: 'f' });
  const commit = await headOf(repository);
  for (const path of ['vendor/lib', 'é', '.gitattributes']) {
    await runGit(repository.path, ['update-index', '--add', '--cacheinfo', `160000,${commit},${path}`]);
  }
  await runGit(repository.path, ['commit', '--quiet', '--message', 'submodules']);
  expect(await check(repository.path)).toEqual({ submodules: ['.gitattributes', 'vendor/lib', 'é'] });
});

test('it is asked of the repository, not of the working tree it is asked in', async () => {
  const directory = await useTemporaryDirectory();
  const { path } = await makeRepository(join(directory, 'main'), { f: 'f', '.gitattributes': '*.x filter=y\n' });
  const clean = await commitFiles({ path }, { '.gitattributes': null });
  await writeFiles(path, { '.gitattributes': '*.x filter=y\n' });
  const linked = join(directory, 'linked');
  mkdirSync(linked);
  await runGit(path, ['worktree', 'add', '--quiet', '--detach', linked]);
  expect(await checkEligibility(await findRepository(linked), clean)).toEqual({ submodules: [] });
});
