import { chmod, mkdir, readFile, readdir, rename, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { useTemporaryDirectory } from '../../test/fixtures/temporary-directory.ts';
import { removeTree } from './removal.ts';

let root: string;
beforeEach(async () => {
  root = await useTemporaryDirectory();
});

describe('removeTree', () => {
  it('removes a tree and nothing that its links point to', async () => {
    await mkdir(join(root, 'kept'));
    await writeFile(join(root, 'kept/file'), 'kept');
    await mkdir(join(root, 'tree/deep'), { recursive: true });
    await symlink(join(root, 'kept'), join(root, 'tree/deep/link'));
    expect(await removeTree(join(root, 'tree'))).toEqual({ kind: 'removed' });
    expect(await readdir(root)).toEqual(['kept']);
    expect(await readFile(join(root, 'kept/file'), 'utf8')).toBe('kept');
  });

  it('removes a link, a file, and what is not there', async () => {
    await mkdir(join(root, 'kept'));
    await symlink('kept', join(root, 'link'));
    await writeFile(join(root, 'file'), '');
    for (const name of ['link', 'file', 'none']) {
      expect(await removeTree(join(root, name))).toEqual({ kind: 'removed' });
    }
    expect(await readdir(root)).toEqual(['kept']);
  });

  it('removes directories without any permission', async () => {
    await mkdir(join(root, 'tree/a/b'), { recursive: true });
    await writeFile(join(root, 'tree/a/b/file'), '');
    for (const path of ['tree/a/b', 'tree/a', 'tree']) await chmod(join(root, path), 0o000);
    expect(await removeTree(join(root, 'tree'))).toEqual({ kind: 'removed' });
    expect(await readdir(root)).toEqual([]);
  });

  it('removes paths that are longer than the system takes', async () => {
    // Built from the inside out: each step moves what there is into a new directory.
    const name = 'd'.repeat(250);
    await mkdir(join(root, 'inner'));
    for (let depth = 0; depth < 20; depth += 1) {
      await mkdir(join(root, 'outer'));
      await rename(join(root, 'inner'), join(root, 'outer', name));
      await rename(join(root, 'outer'), join(root, 'inner'));
    }
    await expect(stat(join(root, 'inner', ...Array.from({ length: 20 }, () => name)))).rejects.toMatchObject({
      code: 'ENAMETOOLONG',
    });
    expect(await removeTree(join(root, 'inner'))).toEqual({ kind: 'removed' });
    expect(await readdir(root)).toEqual([]);
  });

  it.runIf(process.platform === 'linux')('says what it could not remove', async () => {
    expect(await removeTree('/proc/self')).toMatchObject({ kind: 'left', path: expect.stringContaining('/proc/self') });
  });
});
