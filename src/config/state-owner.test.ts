import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { useTemporaryDirectory } from '../../test/fixtures/temporary-directory.ts';
import { checkStateOwner, claimStateDirectory } from './state-owner.ts';

test("a directory is the repository's that came first, also of several that come at once", async () => {
  const directory = await useTemporaryDirectory();
  const all = ['/a/.git', '/b/.git', '/c/.git'];
  const claims = await Promise.allSettled(all.map((repository) => claimStateDirectory(directory, repository)));
  expect(claims.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  const owner = (await readFile(join(directory, 'repository'), 'utf8')).trim();
  expect(all).toContain(owner);
  await claimStateDirectory(directory, owner);
  await expect(checkStateOwner(directory, '/other/.git')).rejects.toMatchObject({
    code: 'state-of-another',
    exitCode: 2,
  });
  expect(await readdir(directory)).toEqual(['repository']);
});

test("a file that a full disk left empty is nobody's", async () => {
  const directory = await useTemporaryDirectory();
  await writeFile(join(directory, 'repository'), '');
  await checkStateOwner(directory, '/a/.git');
  await claimStateDirectory(directory, '/a/.git');
  await expect(claimStateDirectory(directory, '/b/.git')).rejects.toMatchObject({ code: 'state-of-another' });
});

test('a directory that is not there is a sentence', async () => {
  const directory = join(await useTemporaryDirectory(), 'missing');
  await expect(claimStateDirectory(directory, '/a/.git')).rejects.toMatchObject({
    code: 'state-not-writable',
    exitCode: 2,
  });
});
