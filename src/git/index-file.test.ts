import { writeFileSync, mkdirSync } from 'node:fs';
import { readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { makeRepository, runGit, runGitBytes } from '../../test/fixtures/git/repository.ts';
import { useTemporaryDirectory } from '../../test/fixtures/temporary-directory.ts';
import { parseIndex, readIndexFile } from './index-file.ts';

const NAMES = [
  'plain',
  'with space',
  ' leading and trailing ',
  'new\nline',
  'tab\tand"quote"',
  'back\\slash',
  "apo'strophe",
  '-dash',
  '--end-of-options',
  ':colon',
  ':(exclude)magic',
  ':!q',
  '*?[x]',
  'été/ñ',
  '日本',
  'bytes-\xff\xfe',
  `long-${'n'.repeat(240)}`,
  `${'deep/'.repeat(900)}file`,
  '\x01\x1f\x7f',
  'carriage\rreturn',
].map((name) => (/[\u0100-\uffff]|é|ñ/.test(name) ? Buffer.from(name).toString('latin1') : name));

test.each(['sha1', 'sha256'] as const)('an index with odd names reads as git reads it (%s)', async (format) => {
  const { path } = await makeRepository(await useTemporaryDirectory(), {}, { format });
  for (const name of NAMES) {
    if (name.length > 3000) continue;
    const absolute = Buffer.from(`${path}/${name}`, 'latin1');
    mkdirSync(absolute.subarray(0, absolute.lastIndexOf(0x2f)), { recursive: true });
    writeFileSync(absolute, name);
  }
  writeFileSync(join(path, 'executable'), 'x', { mode: 0o755 });
  await symlink('nowhere', join(path, 'link'));
  await runGit(path, ['add', '--all']);
  const oid = await runGit(path, ['hash-object', '-w', 'plain']);
  // One that cannot be written out under a path of this length, and one that is a submodule.
  await runGit(path, ['update-index', '--add', '--cacheinfo', `100644,${oid},${'deep/'.repeat(900)}file`]);
  await runGit(path, ['update-index', '--add', '--cacheinfo', `160000,${oid},module`]);

  const index = readIndexFile(join(path, '.git/index'), format === 'sha1' ? 20 : 32);
  const staged = (await runGitBytes(path, ['ls-files', '--stage', '-z'])).toString('latin1').split('\0').slice(0, -1);
  expect([...index].map(([name, { mode, oid: id }]) => `${mode.toString(8)} ${id} 0\t${name}`)).toEqual(staged);
  const debug = (await runGitBytes(path, ['ls-files', '--debug', '-z'])).toString('latin1');
  const stats = [...index].map(
    ([name, entry]) =>
      `${name}\0  ctime: ${entry.ctimeSeconds}:${entry.ctimeNanoseconds}\n  mtime: ${entry.mtimeSeconds}:${entry.mtimeNanoseconds}\n`,
  );
  for (const stat of stats) expect(debug).toContain(stat);
  for (const { size, ino } of index.values()) {
    expect(debug).toContain(`ino: ${ino}\n`);
    expect(debug).toContain(`size: ${size}\t`);
  }
});

test('an index of version 3 reads too; one of version 4 is refused', async () => {
  const { path } = await makeRepository(await useTemporaryDirectory(), { a: 'a', b: 'b' });
  await runGit(path, ['update-index', '--skip-worktree', 'a']);
  expect([...readIndexFile(join(path, '.git/index'), 20).keys()]).toEqual(['a', 'b']);
  await runGit(path, ['update-index', '--index-version', '4']);
  expect(() => readIndexFile(join(path, '.git/index'), 20)).toThrow(/version 4/);
});

test('an index that was cut short or mangled is damaged, never read in part', async () => {
  const { path } = await makeRepository(await useTemporaryDirectory(), { a: 'a', b: 'b' });
  const whole = await readFile(join(path, '.git/index'));
  expect(parseIndex(whole, 20).size).toBe(2);
  for (let length = 0; length < whole.length; length += 1) {
    expect(() => parseIndex(whole.subarray(0, length), 20)).toThrow(expect.objectContaining({ code: 'damaged-index' }));
  }
  for (let at = 0; at < whole.length; at += 7) {
    const mangled = Buffer.from(whole);
    mangled[at] = (mangled[at] ?? 0) ^ 0x10;
    expect(() => parseIndex(mangled, 20)).toThrow(expect.objectContaining({ code: 'damaged-index' }));
  }
});
