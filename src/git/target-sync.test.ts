import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { commitFiles, runGit } from '../../test/fixtures/git/repository.ts';
import { IDENTITY, useYard } from '../../test/fixtures/git/yard.ts';
import type { TestYard } from '../../test/fixtures/git/yard.ts';
import { fetchCommit, listRefs, moveRef, resolve, setRefs, treeOf } from './depot.ts';
import type { Mended } from './depot.ts';
import { writeCommit } from './merge.ts';
import { loosePath } from './object-damage.ts';
import { recordLanding, syncTarget, TARGET_RECORD } from './target-sync.ts';
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

test('a landing is recorded on what it landed on, and by nobody who comes late', async () => {
  const yard = await useYard({ f: '1' });
  const { source, depot, base } = yard;
  await runGit(source.path, ['checkout', '--quiet', '-b', 'elsewhere']);
  await sync(yard);
  const next = await commitFiles(source, { f: '2' });
  const last = await commitFiles(source, { f: '3' });
  await fetchCommit({ into: depot.path, from: yard.repository.commonDirectory, commit: last });
  await recordLanding(depot, base, next);
  expect(await resolve(depot, TARGET_RECORD)).toBe(next);
  await recordLanding(depot, base, last);
  expect(await resolve(depot, TARGET_RECORD)).toBe(next);
  // After a person's reset to nothing neither.
  await setRefs(depot, { [TARGET_RECORD]: null });
  await recordLanding(depot, next, last);
  expect(await resolve(depot, TARGET_RECORD)).toBeNull();
});

test('a ref is moved from what it is, or not at all', async () => {
  const { source, depot, base, repository } = await useYard({ f: '1' });
  const next = await commitFiles(source, { f: '2' });
  await fetchCommit({ into: depot.path, from: repository.commonDirectory, commit: next });
  const ref = 'refs/yard/some';
  expect(await moveRef(depot, ref, base, next)).toBe(false);
  expect(await moveRef(depot, ref, null, base)).toBe(true);
  expect(await moveRef(depot, ref, null, next)).toBe(false);
  expect(await moveRef(depot, ref, next, base)).toBe(false);
  expect(await moveRef(depot, ref, base, next)).toBe(true);
  expect(await resolve(depot, ref)).toBe(next);
});

test('a ref whose commit is lost does not keep the target from being followed; it is put aside, and told', async () => {
  const yard = await useYard({ f: '1' });
  const { source, repository, base } = yard;
  const mended: Mended[] = [];
  const depot = { ...yard.depot, onMended: (one: Mended) => Promise.resolve(void mended.push(one)) };
  const places = { repository, depot, ref: 'refs/heads/main' };
  await runGit(source.path, ['checkout', '--quiet', '-b', 'elsewhere']);
  await syncTarget(places);
  const tree = await treeOf(depot, base);
  const lost = await writeCommit(depot, { tree, parents: [base], message: 'm', author: IDENTITY, atMs: 0 });
  const ref = 'refs/yard/salvage/A-1/1';
  await setRefs(depot, { [ref]: lost, 'refs/yard/salvage/B-1/1': base });
  rmSync(loosePath(join(depot.path, 'objects'), lost));
  const next = await commitFiles(source, { f: '2' });
  await runGit(source.path, ['branch', '--force', 'main', next]);
  expect(await syncTarget(places)).toEqual({ kind: 'ok', commit: next });
  expect([...(await listRefs(depot, 'refs/yard')).keys()]).toEqual(['refs/yard/salvage/B-1/1', TARGET_RECORD]);
  expect(readFileSync(join(depot.path, 'broken-refs'), 'utf8')).toBe(`${ref} ${lost}\n`);
  expect(mended).toEqual([{ what: 'broken-ref', path: join(depot.path, ref) }]);
});
