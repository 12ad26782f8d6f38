import { expect, test } from 'vitest';

import { commitFiles, runGit } from '../../test/fixtures/git/repository.ts';
import { useYard } from '../../test/fixtures/git/yard.ts';
import type { TestYard } from '../../test/fixtures/git/yard.ts';
import { resolve } from './depot.ts';
import { syncTarget, TARGET_RECORD } from './target-sync.ts';
import type { SyncedTarget } from './target-sync.ts';

async function sync({ repository, depot }: TestYard): Promise<SyncedTarget> {
  return syncTarget({ repository, depot, ref: 'refs/heads/main' });
}

test('the target is followed forward, and never back or away', async () => {
  const yard = await useYard({ f: '1' });
  const { source, depot, base } = yard;
  // It is checked out: attempts may start, nothing may land.
  expect(await sync(yard)).toMatchObject({ kind: 'blocked', commit: base });
  await runGit(source.path, ['checkout', '--quiet', '-b', 'elsewhere']);
  expect(await sync(yard)).toEqual({ kind: 'ok', commit: base });
  const next = await commitFiles(source, { f: '2' });
  await runGit(source.path, ['branch', '--force', 'main', next]);
  expect(await sync(yard)).toEqual({ kind: 'ok', commit: next });
  expect(await resolve(depot, TARGET_RECORD)).toBe(next);

  await runGit(source.path, ['branch', '--force', 'main', base]);
  expect(await sync(yard)).toMatchObject({ kind: 'blocked', commit: next });
  await runGit(source.path, ['branch', '--quiet', '-D', 'main']);
  expect(await sync(yard)).toMatchObject({ kind: 'blocked', commit: next });
  await runGit(source.path, ['symbolic-ref', 'refs/heads/main', 'refs/heads/elsewhere']);
  expect(await sync(yard)).toMatchObject({ kind: 'blocked', commit: next });
  expect(await resolve(depot, TARGET_RECORD)).toBe(next);
});
