import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

import type { MachineFault } from '../core/machine-fault.ts';
import { UserError } from '../core/user-error.ts';
import { errnoOf } from '../process/errno.ts';
import { fetchCommit } from './depot.ts';
import type { Depot } from './depot.ts';
import { git, GitError } from './git.ts';
import { swapRef } from './ref-swap.ts';
import type { Repository } from './repository.ts';
import { breakTargetLock, clearTargetLock } from './target-lock.ts';

/** What stands at the target's ref in the operator's repository. */
export type TargetState =
  | { readonly kind: 'commit'; readonly commit: string }
  | { readonly kind: 'missing' }
  /** Moving it would move another branch. */
  | { readonly kind: 'symbolic'; readonly to: string };

/**
 * A cycle asks this each time, so the loose ref's file is read where there is one (gitrepository-layout(5); it is put in
 * place by rename, and wins over a packed ref). Anything else is git's to tell.
 */
export async function readTarget(repository: Pick<Repository, 'commonDirectory'>, ref: string): Promise<TargetState> {
  const loose = readText(join(repository.commonDirectory, ref))?.trimEnd() ?? '';
  if (/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(loose)) return { kind: 'commit', commit: loose };
  return askForTarget(repository, ref);
}

async function askForTarget(repository: Pick<Repository, 'commonDirectory'>, ref: string): Promise<TargetState> {
  const call = { gitDir: repository.commonDirectory };
  // 128: there is nothing, or nothing that git can read.
  const symbolic = await git(['symbolic-ref', '--quiet', ref], { ...call, answers: [0, 1, 128] });
  if (symbolic.code === 0) return { kind: 'symbolic', to: symbolic.stdout.toString('utf8').trim() };
  const { stdout } = await git(['for-each-ref', '--format=%(refname)%00%(objectname)', ref], call);
  for (const line of stdout.toString('utf8').split('\n')) {
    const [name, commit] = line.split('\0');
    if (name === ref && commit !== undefined) return { kind: 'commit', commit };
  }
  return { kind: 'missing' };
}

/** A working tree that the target must not be moved under. */
export interface Holder {
  /** The working tree's directory. */
  readonly path: string;
  readonly how: 'checked out' | 'being rebased' | 'being bisected';
}

/**
 * The working tree of the repository that holds the branch, or null. A branch that is being rebased or bisected is
 * listed by git as a detached HEAD, so the state files are read as well.
 */
export function findHolder(repository: Pick<Repository, 'commonDirectory'>, ref: string): Holder | null {
  for (const { gitDirectory, path } of workTrees(repository)) {
    if (readHead(gitDirectory) === `ref: ${ref}`) return { path, how: 'checked out' };
    for (const state of ['rebase-merge/head-name', 'rebase-apply/head-name']) {
      if (readLine(join(gitDirectory, state)) === ref) return { path, how: 'being rebased' };
    }
    // Other branches that the same rebase will move.
    if (readText(join(gitDirectory, 'rebase-merge/update-refs'))?.split('\n').includes(ref) === true) {
      return { path, how: 'being rebased' };
    }
    const bisected = readLine(join(gitDirectory, 'BISECT_START'));
    if (bisected !== null && (bisected === ref || `refs/heads/${bisected}` === ref))
      return { path, how: 'being bisected' };
  }
  return null;
}

function* workTrees({
  commonDirectory,
}: Pick<Repository, 'commonDirectory'>): Iterable<{ gitDirectory: string; path: string }> {
  if (!isBare(commonDirectory)) yield { gitDirectory: commonDirectory, path: dirname(commonDirectory) };
  const linked = join(commonDirectory, 'worktrees');
  if (!existsSync(linked)) return;
  for (const name of readdirSync(linked)) {
    const gitDirectory = join(linked, name);
    const pointer = readLine(join(gitDirectory, 'gitdir'));
    if (pointer === null) continue;
    const dotGit = resolve(gitDirectory, pointer);
    // One whose files are gone holds nothing, unless it is locked (on a disk that is not plugged in).
    if (!existsSync(dotGit) && !existsSync(join(gitDirectory, 'locked'))) continue;
    yield { gitDirectory, path: dirname(dotGit) };
  }
}

/** A bare repository with linked working trees: what its own HEAD names is checked out nowhere. */
function isBare(commonDirectory: string): boolean {
  return ['config', 'config.worktree'].some((name) =>
    /^\s*bare\s*=\s*true\s*$/im.test(readText(join(commonDirectory, name)) ?? ''),
  );
}

function readHead(gitDirectory: string): string | null {
  const path = join(gitDirectory, 'HEAD');
  // In old repositories it is a link.
  if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true) return `ref: ${readlinkSync(path)}`;
  return readLine(path);
}

/** First line of a small file of git's, or null where there is none. */
function readLine(path: string): string | null {
  return readText(path)?.split('\n')[0]?.trim() ?? null;
}

function readText(path: string): string | null {
  try {
    return lstatSync(path).isFile() ? readFileSync(path, 'utf8') : null;
  } catch (error) {
    // Git may take it away at any moment: a ref that is packed, a rebase that ends.
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return null;
    throw error;
  }
}

/**
 * Makes the target where there is none. A git that is killed on the way is followed by another one. `sinceMs` is a
 * wall-clock time before which nobody can have begun to make it: see {@link breakTargetLock}.
 *
 * @throws UserError `target-clash` where another branch, or somebody's lock, is in the way.
 */
export async function createTarget(
  repository: Repository,
  ref: string,
  commit: string,
  sinceMs?: number,
): Promise<void> {
  let refusal = await tryToCreate(repository, ref, commit);
  if (refusal !== null) {
    const isFreed = await breakTargetLock(repository, { ref, to: commit, sinceMs });
    if (isFreed || refusal.signal !== null) refusal = await tryToCreate(repository, ref, commit);
  }
  if (refusal === null) return;
  if (refusal.fault !== null) throw refusal;
  // Another first run was faster.
  if ((await readTarget(repository, ref)).kind === 'commit') return;
  throw new UserError({
    code: 'target-clash',
    message: `the target ${ref} could not be created: ${refusal.stderr.trim()}`,
    hint: 'Choose another target in .yard/config.yaml, or remove what git names, if nothing uses it.',
  });
}

/** Null: it is there. */
async function tryToCreate(repository: Repository, ref: string, commit: string): Promise<GitError | null> {
  const args = ['update-ref', '--no-deref', '-m', 'yard: create the target', ref, commit, noCommit(repository)];
  try {
    await git(args, { gitDir: repository.commonDirectory });
    return null;
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
    return error;
  }
}

export type MoveResult =
  /** `holder`: somebody checked it out at that very moment; their working tree is behind, and they must be told. */
  | { readonly kind: 'moved'; readonly holder: Holder | null }
  /** The target is not where it was when the candidate was made. */
  | { readonly kind: 'changed'; readonly now: TargetState }
  | { readonly kind: 'held'; readonly holder: Holder }
  /** git refused for another reason: a lock left behind, a full disk. */
  | { readonly kind: 'refused'; readonly why: string; readonly fault: MachineFault | null };

/** The ref's value when it does not exist yet. */
export function noCommit(repository: Repository): string {
  return '0'.repeat(repository.format === 'sha256' ? 64 : 40);
}

/**
 * Moves the target by compare-and-swap, after bringing the objects. Idempotent: a second call finds the target where
 * it should be. The operator's hooks do not run (they guard people's pushes; the gate guards this one).
 */
export async function moveTarget(options: {
  readonly repository: Repository;
  readonly depot: Depot;
  readonly ref: string;
  readonly from: string;
  readonly to: string;
  readonly reason: string;
  /** See `RefSwap`. What it throws is thrown on. */
  readonly whileLocked?: () => Promise<void>;
  /** See `TargetMove`. */
  readonly sinceMs?: number;
}): Promise<MoveResult> {
  const { repository, ref } = options;
  const before = await stateFor(options);
  if (before.kind !== 'ready') return before;
  let swap = await tryToSwap(options);
  // A `git gc --prune=now` of the operator's may have taken the objects between fetch and swap.
  if (swap.kind === 'refused') {
    await clearTargetLock(options);
    swap = await tryToSwap(options);
  }
  if (swap.kind === 'held') return swap;
  if (swap.kind === 'moved') return { kind: 'moved', holder: findHolder(repository, ref) };
  const after = await stateFor(options);
  return after.kind === 'ready' ? swap : after;
}

type MoveOptions = Parameters<typeof moveTarget>[0];

/** Whether the target still stands where it is to be moved from. */
async function stateFor({ repository, ref, from, to }: MoveOptions): Promise<MoveResult | { readonly kind: 'ready' }> {
  const now = await readTarget(repository, ref);
  if (now.kind === 'commit' && now.commit === to) return { kind: 'moved', holder: null };
  const at = now.kind === 'missing' ? noCommit(repository) : now.kind === 'commit' ? now.commit : null;
  return at === from ? { kind: 'ready' } : { kind: 'changed', now };
}

async function tryToSwap(options: MoveOptions): Promise<MoveResult> {
  const { repository, depot, ref, from, to, reason, whileLocked = () => Promise.resolve() } = options;
  const call = { gitDir: repository.commonDirectory, env: COMMITTER };
  try {
    await fetchCommit({ into: repository.commonDirectory, from: depot.path, commit: to });
    const holder = findHolder(repository, ref);
    if (holder !== null) return { kind: 'held', holder };
    await swapRef({ ref, from, to, reason, whileLocked }, call);
    return { kind: 'moved', holder: null };
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
    if (error.fault === 'disk-broken') throw error;
    return { kind: 'refused', why: error.stderr.trim() || error.message, fault: error.fault };
  }
}

/** In the operator's reflog. */
const COMMITTER = { GIT_COMMITTER_NAME: 'Yardmaster', GIT_COMMITTER_EMAIL: 'yardmaster@localhost' };
