import { chmod, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { useTemporaryDirectory } from '../../test/fixtures/temporary-directory.ts';
import { makeStateDirectory, repositoryName, stateDirectory } from './state-directory.ts';

const inputs = { commonDirectory: '/code/shop/.git', home: '/home/me', environment: {} };

test('it stands in the state home, named after the repository and its place', () => {
  expect(stateDirectory(inputs)).toMatch(/^\/home\/me\/\.local\/state\/yardmaster\/shop-[0-9a-f]{12}$/);
  const environment = { XDG_STATE_HOME: '/var/state' };
  expect(stateDirectory({ ...inputs, environment })).toMatch(/^\/var\/state\/yardmaster\/shop-[0-9a-f]{12}$/);
  expect(stateDirectory({ ...inputs, commonDirectory: '/other/shop/.git' })).not.toBe(stateDirectory(inputs));
});

test('a relative state home is ignored, as its specification says', () => {
  expect(stateDirectory({ ...inputs, environment: { XDG_STATE_HOME: 'state' } })).toBe(stateDirectory(inputs));
});

test('YARD_STATE_DIR names it', () => {
  expect(stateDirectory({ ...inputs, environment: { YARD_STATE_DIR: '/x/../y/' } })).toBe('/y');
  expect(stateDirectory({ ...inputs, environment: { YARD_STATE_DIR: '' } })).toBe(stateDirectory(inputs));
  expect(() => stateDirectory({ ...inputs, environment: { YARD_STATE_DIR: 'state' } })).toThrow(
    expect.objectContaining({ code: 'state-directory-relative', exitCode: 2 }) as Error,
  );
});

test.each([
  ['/code/shop/.git', 'shop'],
  ['/srv/shop.git', 'shop'],
  ['/code/my shop (1)/.git', 'my-shop-1-'],
  ['/code/..x/.git', 'x'],
  ['/.git', 'repository'],
])('the repository of %s is %s', (commonDirectory, name) => {
  expect(repositoryName(commonDirectory)).toBe(name);
});

test('it is made for its owner alone', async () => {
  const path = join(await useTemporaryDirectory('state'), 'a/b');
  await makeStateDirectory(path);
  await makeStateDirectory(path);
  expect((await stat(path)).mode & 0o777).toBe(0o700);
});

test('what cannot be written to is told', async () => {
  const root = await useTemporaryDirectory('state');
  await writeFile(join(root, 'file'), '');
  await symlink(join(root, 'nowhere/at/all'), join(root, 'dangling'));
  const refused = expect.objectContaining({ code: 'state-not-writable', exitCode: 2 }) as Error;
  await expect(makeStateDirectory(join(root, 'file'))).rejects.toThrow(refused);
  await expect(makeStateDirectory(join(root, 'file/below'))).rejects.toThrow(refused);
  await expect(makeStateDirectory(join(root, 'dangling'))).rejects.toThrow(refused);
  await expect(makeStateDirectory(join(root, 'x'.repeat(300)))).rejects.toThrow(refused);
});

test.skipIf(process.getuid?.() === 0)(
  'a directory that is closed is told (skipped for root, to whom none is)',
  async () => {
    const root = await useTemporaryDirectory('state');
    await chmod(root, 0o500);
    await expect(makeStateDirectory(join(root, 'a'))).rejects.toMatchObject({ code: 'state-not-writable' });
  },
);
