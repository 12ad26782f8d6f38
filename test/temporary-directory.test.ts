import { chmod, mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { removeTree, temporaryDirectory, useTemporaryDirectory } from './fixtures/temporary-directory.ts';

test('a temporary directory is gone after its block, closed directories included', async () => {
  let path: string;
  {
    await using directory = await temporaryDirectory();
    path = directory.path;
    await mkdir(join(path, 'closed/inner'), { recursive: true });
    await writeFile(join(path, 'closed/inner/file'), '');
    await chmod(join(path, 'closed/inner'), 0o000);
    await chmod(join(path, 'closed'), 0o000);
  }
  await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
});

test('removing what does not exist is no error', async () => {
  const directory = await useTemporaryDirectory();
  await removeTree(join(directory, 'missing'));
});
