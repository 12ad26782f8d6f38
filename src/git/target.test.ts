import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { commitFiles, headOf, listRefsOf, runGit, writeFiles } from '../../test/fixtures/git/repository.ts';
import { collect, useLane, useYard } from '../../test/fixtures/git/yard.ts';
import type { TestYard } from '../../test/fixtures/git/yard.ts';
import { findRepository } from './repository.ts';
import { findHolder, moveTarget, noCommit, readTarget } from './target.ts';
import type { MoveResult } from './target.ts';

const MAIN = 'refs/heads/main';

/** A yard with a commit that is in the depot only, and a repository that has another branch checked out. */
async function useCandidate(): Promise<TestYard & { to: string }> {
  const yard = await useYard({ f: 'f\n' });
  const lane = await useLane(yard);
  await writeFiles(lane.directory, { n: 'n' });
  const to = await collect(yard, lane);
  await runGit(yard.source.path, ['checkout', '--quiet', '-b', 'elsewhere']);
  return { ...yard, to };
}

async function move(yard: TestYard, to: string, options: { from?: string; ref?: string } = {}): Promise<MoveResult> {
  const { repository, depot, base } = yard;
  return moveTarget({ repository, depot, ref: MAIN, from: base, reason: 'yard: land task', ...options, to });
}

const MOVED = { kind: 'moved', holder: null };

test('the target is moved from where it was, and nothing else changes', async () => {
  const yard = await useCandidate();
  const { source, repository, base, to } = yard;
  expect(await readTarget(repository, MAIN)).toEqual({ kind: 'commit', commit: base });
  const config = readFileSync(join(repository.commonDirectory, 'config'), 'utf8');
  expect(await move(yard, to)).toEqual(MOVED);
  expect(await listRefsOf(source)).toEqual({ [MAIN]: to, 'refs/heads/elsewhere': base });
  expect(await runGit(source.path, ['status', '--porcelain', '--branch'])).toBe('## elsewhere');
  expect(readFileSync(join(repository.commonDirectory, 'config'), 'utf8')).toBe(config);
  expect(await runGit(source.path, ['reflog', '-1', '--format=%gs by %gn', 'main'])).toBe(
    'yard: land task by Yardmaster',
  );
  await runGit(source.path, ['fsck', '--strict']);
  // Again, as a recovery does it, also when somebody has checked it out since.
  expect(await move(yard, to)).toEqual(MOVED);
  await runGit(source.path, ['checkout', '--quiet', 'main']);
  expect(await move(yard, to)).toEqual(MOVED);
});

test('a target that a person moved, or deleted, stays as they left it', async () => {
  const yard = await useCandidate();
  const theirs = await commitFiles(yard.source, { other: 'o' });
  await runGit(yard.source.path, ['branch', '--force', 'main', theirs]);
  expect(await move(yard, yard.to)).toEqual({ kind: 'changed', now: { kind: 'commit', commit: theirs } });
  expect(await headOf(yard.source, 'main')).toBe(theirs);
  await runGit(yard.source.path, ['branch', '--quiet', '-D', 'main']);
  expect(await move(yard, yard.to)).toEqual({ kind: 'changed', now: { kind: 'missing' } });
  expect(await listRefsOf(yard.source, MAIN)).toEqual({});
});

test('a target that does not exist is made only where that was meant', async () => {
  const yard = await useCandidate();
  const ref = 'refs/heads/new/target';
  expect(await readTarget(yard.repository, ref)).toEqual({ kind: 'missing' });
  expect(await move(yard, yard.to, { ref })).toEqual({ kind: 'changed', now: { kind: 'missing' } });
  const from = noCommit(yard.repository);
  expect(await move(yard, yard.to, { ref, from })).toEqual(MOVED);
  expect(await move(yard, yard.base, { ref, from })).toEqual({
    kind: 'changed',
    now: { kind: 'commit', commit: yard.to },
  });
});

test('a branch whose name is in the way is a reason', async () => {
  const yard = await useCandidate();
  const from = noCommit(yard.repository);
  const result = await move(yard, yard.to, { ref: 'refs/heads/main/below', from });
  expect(result).toMatchObject({ kind: 'refused', why: expect.stringContaining('refs/heads/main') });
  expect(await headOf(yard.source, 'main')).toBe(yard.base);
});

test('a symbolic target moves neither itself nor what it names', async () => {
  const yard = await useCandidate();
  const { source, repository, base } = yard;
  await runGit(source.path, ['branch', 'trunk', 'main']);
  await runGit(source.path, ['symbolic-ref', MAIN, 'refs/heads/trunk']);
  const state = { kind: 'symbolic', to: 'refs/heads/trunk' };
  expect(await readTarget(repository, MAIN)).toEqual(state);
  expect(await move(yard, yard.to)).toEqual({ kind: 'changed', now: state });
  expect(await headOf(source, 'trunk')).toBe(base);
  // One that leads nowhere is no missing branch.
  await runGit(source.path, ['branch', '--quiet', '-D', 'trunk']);
  expect(await readTarget(repository, MAIN)).toEqual(state);
  expect(await move(yard, yard.to, { from: noCommit(repository) })).toEqual({ kind: 'changed', now: state });
});

test('a tag, or another branch, of the same name is not the target', async () => {
  const yard = await useCandidate();
  await runGit(yard.source.path, ['tag', 'main', 'elsewhere']);
  await runGit(yard.source.path, ['update-ref', `refs/tags/${MAIN}`, 'elsewhere']);
  await runGit(yard.source.path, ['update-ref', `refs/heads/${MAIN}`, 'elsewhere']);
  await runGit(yard.source.path, ['branch', '--quiet', '-D', 'main']);
  expect(await readTarget(yard.repository, MAIN)).toEqual({ kind: 'missing' });
});

test('a target that is checked out is held: in the main working tree, in a linked one, in one on a missing disk', async () => {
  const yard = await useCandidate();
  const { source, repository, directory } = yard;
  const linked = join(directory, 'linked tree');
  await runGit(source.path, ['checkout', '--quiet', 'main']);
  const holder = { path: source.path, how: 'checked out' };
  expect(await move(yard, yard.to)).toEqual({ kind: 'held', holder });
  await runGit(source.path, ['checkout', '--quiet', 'elsewhere']);
  await runGit(source.path, ['worktree', 'add', '--quiet', linked, 'main']);
  expect(await move(yard, yard.to)).toEqual({ kind: 'held', holder: { path: linked, how: 'checked out' } });
  // Seen from the linked one, it is the same repository.
  const same = await findRepository(linked);
  expect(same.commonDirectory).toBe(repository.commonDirectory);
  expect(findHolder(same, MAIN)?.path).toBe(linked);
  expect(await headOf(source, 'main')).toBe(yard.base);

  await runGit(source.path, ['worktree', 'lock', linked]);
  renameSync(linked, `${linked} away`);
  expect(findHolder(repository, MAIN)?.path).toBe(linked);
  await runGit(source.path, ['worktree', 'unlock', linked]);
  // What git would prune holds nothing.
  expect(findHolder(repository, MAIN)).toBeNull();
  expect(await move(yard, yard.to)).toEqual(MOVED);
});

test('a working tree that is named by a relative path, or whose HEAD is a link, holds too', async () => {
  const yard = await useCandidate();
  const { source, repository, directory } = yard;
  await runGit(source.path, ['worktree', 'add', '--quiet', join(directory, 'linked'), 'main']);
  writeFileSync(join(repository.commonDirectory, 'worktrees/linked/gitdir'), '../../../../linked/.git\n');
  expect(findHolder(repository, MAIN)).toEqual({ path: join(directory, 'linked'), how: 'checked out' });
  rmSync(join(repository.commonDirectory, 'worktrees'), { recursive: true });
  expect(findHolder(repository, MAIN)).toBeNull();
  rmSync(join(repository.commonDirectory, 'HEAD'));
  symlinkSync(MAIN, join(repository.commonDirectory, 'HEAD'));
  expect(findHolder(repository, MAIN)).toMatchObject({ how: 'checked out' });
});

test('a bare repository with working trees holds what those hold, not what its own HEAD names', async () => {
  const yard = await useCandidate();
  const bare = join(yard.directory, 'bare.git');
  const tree = join(yard.directory, 'tree');
  await runGit(yard.directory, ['clone', '--quiet', '--bare', yard.source.path, bare]);
  await runGit(bare, ['symbolic-ref', 'HEAD', MAIN]);
  await runGit(bare, ['worktree', 'add', '--quiet', tree, 'elsewhere']);
  const repository = await findRepository(tree);
  expect(repository).toMatchObject({ root: tree, commonDirectory: bare, name: 'bare' });
  expect(findHolder(repository, MAIN)).toBeNull();
  expect(findHolder(repository, 'refs/heads/elsewhere')).toEqual({ path: tree, how: 'checked out' });
  expect(await move({ ...yard, repository }, yard.to)).toEqual(MOVED);
});

test('a target under a rebase or a bisect is held, although git lists it as detached', async () => {
  const yard = await useCandidate();
  const { source, repository } = yard;
  await commitFiles(source, { f: 'elsewhere\n' });
  await runGit(source.path, ['checkout', '--quiet', '-b', 'stacked', 'main']);
  await commitFiles(source, { f: 'stacked\n' });
  const stacked = 'refs/heads/stacked';
  for (const how of ['--merge', '--apply']) {
    await runGit(source.path, ['rebase', how, 'elsewhere']).catch(() => null);
    expect(await runGit(source.path, ['rev-parse', '--abbrev-ref', 'HEAD'])).toBe('HEAD');
    expect(findHolder(repository, stacked)).toEqual({ path: source.path, how: 'being rebased' });
    await runGit(source.path, ['rebase', '--abort']);
  }
  // A branch that a rebase of another one takes along.
  await runGit(source.path, ['checkout', '--quiet', '-b', 'top']);
  await commitFiles(source, { top: 't\n' });
  await runGit(source.path, ['rebase', '--update-refs', 'elsewhere']).catch(() => null);
  expect(findHolder(repository, stacked)).toEqual({ path: source.path, how: 'being rebased' });
  await runGit(source.path, ['rebase', '--abort']);
  expect(findHolder(repository, stacked)).toBeNull();

  await runGit(source.path, ['checkout', '--quiet', 'top']);
  await runGit(source.path, ['bisect', 'start', 'HEAD', 'main']);
  expect(findHolder(repository, 'refs/heads/top')).toEqual({ path: source.path, how: 'being bisected' });
  await runGit(source.path, ['bisect', 'reset']);
  // The same in a linked working tree.
  await runGit(source.path, ['checkout', '--quiet', '--detach']);
  const linked = join(yard.directory, 'linked');
  await runGit(source.path, ['worktree', 'add', '--quiet', linked, 'stacked']);
  await runGit(linked, ['rebase', 'elsewhere']).catch(() => null);
  expect(findHolder(repository, stacked)).toEqual({ path: linked, how: 'being rebased' });
});

test('a lock that was left behind is a reason, and no harm is done', async () => {
  const yard = await useCandidate();
  const lock = join(yard.repository.commonDirectory, 'refs/heads/main.lock');
  writeFileSync(lock, '');
  const result = await move(yard, yard.to);
  expect(result).toMatchObject({ kind: 'refused', why: expect.stringContaining('main.lock') });
  expect(existsSync(lock)).toBe(true);
  expect(await headOf(yard.source, 'main')).toBe(yard.base);
  rmSync(lock);
  expect(await move(yard, yard.to)).toEqual(MOVED);
});

test('a commit that the depot does not have is a reason', async () => {
  const yard = await useCandidate();
  expect(await move(yard, '1'.repeat(40))).toMatchObject({ kind: 'refused' });
  expect(await headOf(yard.source, 'main')).toBe(yard.base);
});

test('objects that are pruned before the swap are brought again', async () => {
  const yard = await useCandidate();
  const { source, directory, to } = yard;
  // A git that prunes, once, just before the swap.
  const bin = join(directory, 'bin');
  mkdirSync(bin);
  const real = process.env['PATH'] ?? '';
  const prune = `PATH='${real}' env -u GIT_DIR git -C '${source.path}' gc --quiet --prune=now`;
  const script = `#!/bin/sh
case "$*" in *update-ref*) [ -e '${directory}/pruned' ] || { : >'${directory}/pruned'; ${prune}; } ;; esac
PATH='${real}' exec git "$@"
`;
  writeFileSync(join(bin, 'git'), script);
  chmodSync(join(bin, 'git'), 0o755);
  process.env['PATH'] = `${bin}:${real}`;
  try {
    expect(await move(yard, to)).toEqual(MOVED);
  } finally {
    process.env['PATH'] = real;
  }
  expect(existsSync(join(directory, 'pruned'))).toBe(true);
  expect(await headOf(source, 'main')).toBe(to);
  await runGit(source.path, ['fsck', '--full', '--connectivity-only']);
});

test('hooks of the operator’s do not run at a landing', async () => {
  const yard = await useCandidate();
  const marker = join(yard.directory, 'marker');
  const hooks = Object.fromEntries(
    ['reference-transaction', 'update', 'post-update', 'pre-auto-gc'].map((hook) => [
      `.git/hooks/${hook}`,
      { executable: `#!/bin/sh\ntouch ${marker}\nexit 1\n` },
    ]),
  );
  await writeFiles(yard.source.path, hooks);
  expect(await move(yard, yard.to)).toEqual(MOVED);
  expect(existsSync(marker)).toBe(false);
});

test('of two that move the target at once, one does', async () => {
  const yard = await useCandidate();
  const lane = await useLane(yard, { taskId: 'other' });
  await writeFiles(lane.directory, { m: 'm' });
  const other = await collect(yard, lane);
  const results = await Promise.all([move(yard, yard.to), move(yard, other), move(yard, yard.to), move(yard, other)]);
  const head = await headOf(yard.source, 'main');
  expect([yard.to, other]).toContain(head);
  for (const [index, result] of results.entries()) {
    const wanted = index % 2 === 0 ? yard.to : other;
    expect(result.kind).toBe(wanted === head ? 'moved' : 'changed');
  }
});
