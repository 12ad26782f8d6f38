import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { runGit } from '../../test/fixtures/git/repository.ts';
import { useYard } from '../../test/fixtures/git/yard.ts';
import { resolve, setRefs } from './depot.ts';
import { readLooseRef } from './loose-ref.ts';

test('a ref is read from its file, and as missing where no ref is packed', async () => {
  const { depot, base } = await useYard({ a: 'a\n' });
  await setRefs(depot, { 'refs/yard/one': base });
  expect(readLooseRef(depot.path, 'refs/yard/one')).toEqual({ kind: 'commit', commit: base });
  expect(readLooseRef(depot.path, 'refs/yard/two')).toEqual({ kind: 'missing' });
});

test('what only git can tell is left to git', async () => {
  const { depot, base } = await useYard({ a: 'a\n' });
  await setRefs(depot, { 'refs/yard/one': base, 'refs/yard/deep/two': base });
  await runGit(depot.path, ['symbolic-ref', 'refs/yard/symbolic', 'refs/yard/one']);
  await symlink(join(depot.path, 'refs/yard/one'), join(depot.path, 'refs/yard/link'));
  await writeFile(join(depot.path, 'refs/yard/odd'), 'nothing that git wrote\n');
  for (const name of ['symbolic', 'link', 'odd', 'deep', 'one/below']) {
    expect(readLooseRef(depot.path, `refs/yard/${name}`)).toBeNull();
  }
  await rm(join(depot.path, 'refs/yard/odd'));
  await runGit(depot.path, ['pack-refs', '--all']);
  expect(readLooseRef(depot.path, 'refs/yard/one')).toBeNull();
  expect(await resolve(depot, 'refs/yard/one')).toBe(base);
  expect(await resolve(depot, 'refs/yard/one^{commit}')).toBe(base);
  expect(await resolve(depot, 'refs/yard/none')).toBeNull();
});

test('a name that says more than a ref goes to git', async () => {
  const { depot, base } = await useYard({ a: 'a\n' });
  await setRefs(depot, { 'refs/yard/one': base });
  await mkdir(join(depot.path, 'refs/empty'));
  expect(await resolve(depot, 'refs/yard/one^{commit}')).toBe(base);
  expect(await resolve(depot, 'refs/empty')).toBeNull();
});
