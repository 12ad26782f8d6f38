import { expect, test } from 'vitest';

import { makeRepository, runGit } from '../../test/fixtures/git/repository.ts';
import { useTemporaryDirectory } from '../../test/fixtures/temporary-directory.ts';
import { fromText, isForbiddenLink, isForbiddenName, toFileSystem, toText } from './byte-path.ts';

test('text goes to bytes and back; bytes that are no text are told apart in bytes only', () => {
  for (const text of ['plain', 'été', '日本語', '🚜', 'e\u0301', '']) expect(toText(fromText(text))).toBe(text);
  expect(toText('\xff\xfe')).toBe('\ufffd\ufffd');
  expect(toFileSystem('plain')).toBe('plain');
  expect(toFileSystem(fromText('é'))).toEqual(Buffer.from('é'));
  expect(toFileSystem('\xff')).toEqual(Buffer.from([0xff]));
});

const NAMES = [
  '.git',
  '.GIT',
  '.Git',
  '.git ',
  '.git.',
  '.git . .',
  '.git::$INDEX_ALLOCATION',
  '.git:x',
  '.git:\nx',
  '.git\\x',
  '.git \\x',
  '.git.\\',
  'a\\.git',
  'a\\b\\GIT~1',
  'git~1',
  'GIT~1',
  'git~1 ',
  'git~1:x',
  'git~1\\x',
  '.g\u200cit',
  '.git\u200d',
  '\ufeff.git',
  '.gi\u206at',
  // These are fine.
  '.gitx',
  'x.git',
  '.gi',
  'git',
  'git~2',
  '.git~1',
  '.gitmodules',
  '.github',
  '.git-x',
  'git~12',
  'a\\x.git',
  '.git\n',
  '.git\t',
  '..git',
  '.gıt',
  '.gİt',
];

const LINKS = [
  '.gitmodules',
  '.GitModules',
  '.gitmodules ',
  '.gitmodules.',
  '.gitmodules:x',
  'a\\.gitmodules',
  'gitmod~1',
  'GITMOD~4',
  'gi7eba~1',
  'gi7eb~10',
  'gi7e~123',
  'GI7EBA~9',
  '.git\u200cmodules',
  // These are fine.
  '.gitmodule',
  'gitmod~5',
  '.gitmodules-x',
  'gitmodules',
  'gi7eba~0',
  '.gitignore',
  '.gitattributes',
];

/** Asks git itself, with the protections of all systems switched on. */
async function isRefused(repository: string, mode: string, path: string): Promise<boolean> {
  const protect = ['-c', 'core.protectHFS=true', '-c', 'core.protectNTFS=true'];
  const oid = await runGit(repository, ['rev-parse', 'HEAD:a']);
  try {
    await runGit(repository, [...protect, 'update-index', '--add', '--cacheinfo', mode, oid, path]);
    return false;
  } catch (error) {
    expect(error).toMatchObject({ code: 128 });
    return true;
  }
}

test('the names that git refuses in a tree, on any system, are forbidden', async () => {
  const { path } = await makeRepository(await useTemporaryDirectory(), { a: 'a' });
  for (const name of NAMES) {
    expect([name, isForbiddenName(fromText(name))]).toEqual([name, await isRefused(path, '100644', `d/${name}/x`)]);
  }
});

test('the names under which git refuses a link are forbidden for links', async () => {
  const { path } = await makeRepository(await useTemporaryDirectory(), { a: 'a' });
  for (const name of LINKS) {
    expect([name, isForbiddenLink(fromText(name))]).toEqual([name, await isRefused(path, '120000', `d/${name}`)]);
  }
});
