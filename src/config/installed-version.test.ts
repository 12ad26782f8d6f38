import { chmod, mkdir, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { useTemporaryDirectory } from '../../test/fixtures/temporary-directory.ts';
import { placeVersion } from '../../test/fixtures/versions/installed.ts';
import { findInstalled, versionsDirectory } from './installed-version.ts';

async function ground() {
  const base = await useTemporaryDirectory('versions');
  const [root, directory] = [join(base, 'repo'), join(base, 'versions')];
  await mkdir(root);
  await mkdir(directory);
  return { base, root, directory };
}

test('one that is whole, and nobody else can write, is found', async () => {
  const { root, directory } = await ground();
  expect(findInstalled(directory, '0.2.0', root)).toEqual({ kind: 'missing' });
  const script = await placeVersion(directory, '0.2.0');
  expect(findInstalled(directory, '0.2.0', root)).toEqual({ kind: 'installed', script });
});

test('the directory of versions may be behind a link; what is in it may not', async () => {
  const { base, root, directory } = await ground();
  await placeVersion(directory, '0.2.0');
  await symlink(directory, join(base, 'link'));
  expect(findInstalled(join(base, 'link'), '0.2.0', root)).toMatchObject({ kind: 'installed' });
  await rename(join(directory, '0.2.0'), join(base, '0.2.0'));
  await symlink(join(base, '0.2.0'), join(directory, '0.2.0'));
  expect(findInstalled(directory, '0.2.0', root)).toMatchObject({
    kind: 'refused',
    why: expect.stringMatching(/is a link$/),
  });
});

test('nothing is run from inside the repository, not even by way of a link', async () => {
  const { base, root } = await ground();
  const inside = join(root, 'versions');
  await placeVersion(inside, '0.2.0');
  const refused = { kind: 'refused', why: expect.stringContaining('lies inside the repository') };
  expect(findInstalled(inside, '0.2.0', root)).toEqual(refused);
  await symlink(inside, join(base, 'link'));
  expect(findInstalled(join(base, 'link'), '0.2.0', root)).toEqual(refused);
});

test('what others may write, what is cut short, and what is another version is refused', async () => {
  const { root, directory } = await ground();
  const script = await placeVersion(directory, '0.2.0');
  const why = () => findInstalled(directory, '0.2.0', root);
  for (const path of [directory, join(directory, '0.2.0/node_modules'), script]) {
    await chmod(path, 0o777);
    expect(why()).toEqual({ kind: 'refused', why: `everybody may write to ${path}` });
    await chmod(path, 0o755);
  }
  expect(why()).toMatchObject({ kind: 'installed' });
  await rm(script);
  expect(why()).toEqual({ kind: 'refused', why: `${script} is missing` });
  await placeVersion(directory, '0.2.0', '0.3.0');
  expect(why()).toMatchObject({ kind: 'refused', why: expect.stringMatching(/yardmaster holds 0\.3\.0$/) });
});

test('they stand where the operator says, else in the data home', () => {
  expect(versionsDirectory({}, '/home/ada')).toBe('/home/ada/.local/share/yardmaster/versions');
  expect(versionsDirectory({ XDG_DATA_HOME: '/data' }, '/home/ada')).toBe('/data/yardmaster/versions');
  expect(versionsDirectory({ XDG_DATA_HOME: 'data' }, '/home/ada')).toBe('/home/ada/.local/share/yardmaster/versions');
  expect(versionsDirectory({ YARD_VERSIONS_DIR: '/v', XDG_DATA_HOME: '/data' }, '/home/ada')).toBe('/v');
  expect(() => versionsDirectory({ YARD_VERSIONS_DIR: 'node_modules' }, '/home/ada')).toThrow(
    expect.objectContaining({ code: 'versions-directory-relative' }),
  );
});
