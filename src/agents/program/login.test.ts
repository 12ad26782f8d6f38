import { execFileSync } from 'node:child_process';
import { symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { useTemporaryDirectory } from '../../../test/fixtures/temporary-directory.ts';
import { readLogin } from './login.ts';

test('a login is what regular files hold, behind links too; nothing else is waited for or read', async () => {
  const account = await useTemporaryDirectory();
  const at = (path: string): string => join(account, path);
  await writeFile(at('kept-elsewhere'), 'secret');
  await symlink('kept-elsewhere', at('link'));
  execFileSync('mkfifo', [at('fifo')]);
  await symlink('/dev/zero', at('endless'));
  await writeFile(at('large'), '');
  await truncate(at('large'), 2 ** 40);
  const names = ['link', 'fifo', 'endless', 'large', 'missing', '.'];
  const found = await readLogin(
    names.map((from) => ({ from, to: `to-${from}` })),
    account,
  );
  expect(found).toEqual([{ path: 'to-link', content: Buffer.from('secret'), isLogin: true }]);
});
