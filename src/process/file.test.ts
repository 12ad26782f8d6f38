import { execFileSync } from 'node:child_process';
import { link, mkdir, readFile, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { useTemporaryDirectory } from '../../test/fixtures/temporary-directory.ts';
import { readFileBeneath, writeFileDurably } from './file.ts';

let root: string;
beforeEach(async () => {
  root = await useTemporaryDirectory();
});

describe('writeFileDurably', () => {
  it('writes and replaces, private, with nothing left beside', async () => {
    const path = join(root, 'file');
    await writeFileDurably(path, 'old and longer');
    await writeFileDurably(path, Buffer.from('new'));
    expect(await readFile(path, 'utf8')).toBe('new');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(root)).toEqual(['file']);
  });

  it('replaces a link, and not what it points to', async () => {
    await writeFile(join(root, 'target'), 'untouched');
    await symlink('target', join(root, 'link'));
    await writeFileDurably(join(root, 'link'), 'new');
    expect(await readFile(join(root, 'target'), 'utf8')).toBe('untouched');
    expect(await readFile(join(root, 'link'), 'utf8')).toBe('new');
  });

  it('throws what the system says, and leaves nothing', async () => {
    await mkdir(join(root, 'directory/full'), { recursive: true });
    await expect(writeFileDurably(join(root, 'directory'), 'x')).rejects.toMatchObject({ code: 'EISDIR' });
    await expect(writeFileDurably(join(root, 'none/file'), 'x')).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await readdir(root)).toEqual(['directory']);
  });
});

describe('readFileBeneath', () => {
  const read = (path: string, maxBytes = 100): ReturnType<typeof readFileBeneath> =>
    readFileBeneath(root, path, { maxBytes });

  it('reads a file, however it is linked hard', async () => {
    await mkdir(join(root, 'a/b'), { recursive: true });
    await writeFile(join(root, 'a/b/file'), 'content');
    await link(join(root, 'a/b/file'), join(root, 'twin'));
    expect(await read('a/b/file')).toEqual({ kind: 'ok', data: Buffer.from('content') });
    expect(await read('twin', 7)).toEqual({ kind: 'ok', data: Buffer.from('content') });
  });

  it('reads an empty file', async () => {
    await writeFile(join(root, 'empty'), '');
    expect(await read('empty', 0)).toEqual({ kind: 'ok', data: Buffer.alloc(0) });
  });

  it('misses what is not there', async () => {
    expect(await read('none')).toEqual({ kind: 'missing' });
    expect(await read('no/directory')).toEqual({ kind: 'missing' });
    expect(await readFileBeneath(join(root, 'none'), 'file', { maxBytes: 1 })).toEqual({ kind: 'missing' });
  });

  it.each(['', '.', '..', '/etc/passwd', 'a/../b', 'a//b', 'a/', './a', 'a\0b'])(
    'refuses the path %j',
    async (path) => {
      expect(await read(path)).toMatchObject({ kind: 'refused' });
    },
  );

  it('refuses links, last or on the way, wherever they point', async () => {
    await mkdir(join(root, 'directory'));
    await writeFile(join(root, 'directory/file'), 'content');
    await symlink('directory/file', join(root, 'file-link'));
    await symlink('directory', join(root, 'directory-link'));
    await symlink('nowhere', join(root, 'dangling'));
    await symlink('loop', join(root, 'loop'));
    for (const path of ['file-link', 'directory-link/file', 'dangling', 'loop', 'directory/file/x']) {
      expect(await read(path)).toMatchObject({ kind: 'refused' });
    }
  });

  it('refuses a FIFO without waiting for its writer, a directory, a socket', async () => {
    execFileSync('mkfifo', [join(root, 'fifo')]);
    await mkdir(join(root, 'directory'));
    const server = createServer();
    const listening = Promise.withResolvers<void>();
    server.listen(join(root, 'socket'), listening.resolve);
    await listening.promise;
    for (const path of ['fifo', 'directory', 'socket']) {
      expect(await read(path)).toEqual({ kind: 'refused', why: 'not a regular file' });
    }
    server.close();
  });

  it('refuses what is too large, without reading it', async () => {
    await writeFile(join(root, 'large'), 'x'.repeat(101));
    expect(await read('large')).toEqual({ kind: 'refused', why: '101 bytes, more than 100' });
    execFileSync('truncate', ['-s', '1T', join(root, 'sparse')]);
    expect(await read('sparse')).toMatchObject({ kind: 'refused' });
  });

  it.runIf(process.platform === 'linux')('refuses what has more than it says', async () => {
    const outcome = await readFileBeneath('/proc/self', 'status', { maxBytes: 100 });
    expect(outcome).toEqual({ kind: 'refused', why: 'it grew while it was read' });
  });

  it('refuses a name or a path that no system takes', async () => {
    expect(await read('x'.repeat(300))).toEqual({ kind: 'refused', why: 'the path is too long' });
  });
});
