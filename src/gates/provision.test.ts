import { readdirSync } from 'node:fs';
import { mkdir, readFile, readlink, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeFiles } from '../../test/fixtures/git/repository.ts';
import type { Files } from '../../test/fixtures/git/repository.ts';
import { useTemporaryDirectory } from '../../test/fixtures/temporary-directory.ts';
import { provide, provisionHash } from './provision.ts';

const entry = (path: string, rest: { target?: string; required?: boolean } = {}) => ({
  source: path,
  target: path,
  required: true,
  ...rest,
});

async function places(from: Files, into: Files = {}) {
  const directory = await useTemporaryDirectory('provision');
  const [source, target] = [join(directory, 'source'), join(directory, 'target')];
  await writeFiles(source, { 'here/': '', ...from });
  await writeFiles(target, { 'here/': '', ...into });
  return { directory, source, target };
}

test('files, directories and links are copied to their targets, over what stands there', async () => {
  const { source, target } = await places(
    { '.env': 'new', 'data/a': 'a', 'data/deep/b': { executable: 'b' }, 'data/link': { link: '/nowhere' } },
    { '.env': 'old', 'data/deep': 'a file', 'data/own': 'kept' },
  );
  expect(await provide([entry('.env'), entry('data'), entry('.env', { target: 'x/y/.env' })], source, target)).toEqual(
    [],
  );
  expect(await readFile(join(target, '.env'), 'utf8')).toBe('new');
  expect(await readFile(join(target, 'x/y/.env'), 'utf8')).toBe('new');
  expect(await readFile(join(target, 'data/deep/b'), 'utf8')).toBe('b');
  expect(await readlink(join(target, 'data/link'))).toBe('/nowhere');
});

test('a required file that is missing is refused, another one passed over', async () => {
  const { source, target } = await places({});
  await expect(provide([entry('.env')], source, target)).rejects.toMatchObject({ code: 'provision-missing' });
  expect(await provide([entry('.env', { required: false })], source, target)).toEqual([]);
});

test('no link of an agent is written through', async () => {
  const { directory, source, target } = await places({ '.env': 'secret', 'data/deep/a': 'a' });
  const outside = join(directory, 'outside');
  await mkdir(join(outside, 'deep'), { recursive: true });
  for (const name of ['config', 'data', '.env']) await symlink(outside, join(target, name));
  const blocked = await provide(
    [entry('.env', { target: 'config/.env' }), entry('.env'), entry('data')],
    source,
    target,
  );
  expect(blocked).toEqual(['config/.env']);
  expect(readdirSync(outside)).toEqual(['deep']);
  expect(readdirSync(join(outside, 'deep'))).toEqual([]);
  expect(await readFile(join(target, 'data/deep/a'), 'utf8')).toBe('a');
  expect(await readFile(join(target, '.env'), 'utf8')).toBe('secret');
});

test('the hash tells contents, names, modes, links, targets and absence apart', async () => {
  const variants: Files[] = [
    {},
    { 'd/a': '1' },
    { 'd/a': '2' },
    { 'd/b': '1' },
    { 'd/a': { executable: '1' } },
    { 'd/a': { link: '1' } },
    { 'd/a/': '' },
    { d: '1' },
  ];
  const hashes: string[] = [];
  for (const files of variants) {
    const { source } = await places(files);
    hashes.push(await provisionHash([entry('d')], source));
    hashes.push(await provisionHash([entry('d', { target: 'e' })], source));
    expect(await provisionHash([entry('d')], source)).toBe(hashes.at(-2));
  }
  expect(new Set(hashes).size).toBe(hashes.length);
});
