import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeRepository, runGit } from '../../test/fixtures/git/repository.ts';
import { useTemporaryDirectory } from '../../test/fixtures/temporary-directory.ts';
import { swapRef } from './ref-swap.ts';

const REF = 'refs/heads/target';

async function prepare(): Promise<{ path: string; gitDir: string; from: string; to: string }> {
  const { path } = await makeRepository(join(await useTemporaryDirectory('swap'), 'repo'), { a: 'a\n' });
  const from = await runGit(path, ['rev-parse', 'HEAD']);
  await runGit(path, ['update-ref', REF, from]);
  const to = await runGit(path, ['commit-tree', `${from}^{tree}`, '-p', from, '-m', 'next']);
  return { path, gitDir: join(path, '.git'), from, to };
}

test('moves the ref while it is locked, and says why in the reflog', async () => {
  const { path, gitDir, from, to } = await prepare();
  let locked = false;
  const whileLocked = async (): Promise<void> => {
    locked = existsSync(join(gitDir, `${REF}.lock`));
    // Nobody else gets in between.
    await expect(runGit(path, ['update-ref', REF, from])).rejects.toThrow(/lock/);
  };
  await swapRef({ ref: REF, from, to, reason: 'yard: land T', whileLocked }, { gitDir });
  expect(locked).toBe(true);
  expect(await runGit(path, ['rev-parse', REF])).toBe(to);
  expect(await runGit(path, ['reflog', '-1', '--format=%gs', REF])).toBe('yard: land T');
  expect(existsSync(join(gitDir, `${REF}.lock`))).toBe(false);
});

test('what the question throws is thrown on, and nothing has moved', async () => {
  const { path, gitDir, from, to } = await prepare();
  const whileLocked = (): Promise<void> => Promise.reject(new Error('not ours any more'));
  await expect(swapRef({ ref: REF, from, to, reason: 'r', whileLocked }, { gitDir })).rejects.toThrow('not ours');
  expect(await runGit(path, ['rev-parse', REF])).toBe(from);
  expect(existsSync(join(gitDir, `${REF}.lock`))).toBe(false);
});

test('a ref that stands elsewhere is not moved, and the question is not asked', async () => {
  const { path, gitDir, from, to } = await prepare();
  let asked = false;
  const whileLocked = (): Promise<void> => {
    asked = true;
    return Promise.resolve();
  };
  await expect(swapRef({ ref: REF, from: to, to: from, reason: 'r', whileLocked }, { gitDir })).rejects.toMatchObject({
    code: 'git-failed',
  });
  expect(asked).toBe(false);
  expect(await runGit(path, ['rev-parse', REF])).toBe(from);
});
