import { existsSync, lstatSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { faultOf } from '../core/machine-fault.ts';
import { UserError } from '../core/user-error.ts';
import { syncDirectory } from '../process/file.ts';
import type { ObjectFormat } from './blob.ts';
import { BLOB_BYTES, createGitDirectory, mendGitDirectory } from './git-directory.ts';
import type { GitDirectoryOptions } from './git-directory.ts';
import { git, GitError, gitLine } from './git.ts';
import type { GitCall } from './git.ts';
import { readLooseRef } from './loose-ref.ts';
import { clearLocks, findLock } from './stale-lock.ts';
import { mkdir, rename, rm } from '../process/file-system.ts';
import { entriesOf, makeTemporary } from '../process/temporary.ts';

/*
 * Yardmaster's own bare repository: all that is merged, gated and salvaged lives here. Invariants:
 * 1. Agents and gates never get its path as a git directory; its configuration is written by us alone.
 * 2. It owns its objects: nothing is borrowed from a place that others can write.
 * 3. It is never pruned while a lane exists.
 */

export interface Depot {
  /** Absolute path of the bare repository. */
  readonly path: string;
  readonly format: ObjectFormat;
  /** A git directory over the depot's objects in which no attribute converts a byte; for filling directories. */
  readonly fillDirectory: string;
  /** Told of what was mended on the way. */
  readonly onMended?: (mended: Mended) => Promise<void>;
}

const CONFIG = [
  '[receive]',
  '\thideRefs = refs/',
  '[uploadpack]',
  '\tallowAnySHA1InWant = true',
  '[core]',
  '\tfsync = all',
  '\tfsyncMethod = fsync',
  // Committed changes have no case or normalisation of their own: paths are bytes.
  '\tprecomposeUnicode = false',
];

/** What was found broken in the depot and is whole again; a lock of a dead git, or a ref of nothing, that was removed. */
export interface Mended {
  readonly what: 'stale-lock' | 'git-directory' | 'broken-ref';
  readonly path: string;
}

/** The git directories of a depot, and what is in them besides objects and refs. */
export function depotLayout(
  stateDirectory: string,
  format: ObjectFormat,
): readonly { readonly path: string; readonly options: GitDirectoryOptions }[] {
  return [
    { path: join(stateDirectory, 'depot.git'), options: { format, bare: true, config: CONFIG, durable: true } },
    { path: join(stateDirectory, 'fill.git'), options: { format, attributes: BLOB_BYTES, durable: true } },
  ];
}

/** The depot of a state directory for whoever only reads: nothing is made, mended or looked at. */
export function depotAt(stateDirectory: string, format: ObjectFormat): Depot {
  return { path: join(stateDirectory, 'depot.git'), format, fillDirectory: join(stateDirectory, 'fill.git') };
}

/**
 * As {@link depotAt}, where there is one.
 *
 * @throws UserError `depot-gone`.
 */
export function requireDepot(stateDirectory: string, format: ObjectFormat): Depot {
  const depot = depotAt(stateDirectory, format);
  if (!existsSync(depot.path)) throw gone(depot.path);
  return depot;
}

/**
 * Opens the depot of a state directory, making it first where nothing has lived yet; files of its own that a power cut has
 * damaged are written anew. `onMended` is told of everything that is mended from now on.
 *
 * @throws UserError `depot-unusable` where something else stands in its place, `depot-gone` where there must have been one.
 */
export async function openDepot(
  stateDirectory: string,
  format: ObjectFormat,
  onMended?: (mended: Mended) => Promise<void>,
): Promise<Depot> {
  const depot = depotAt(stateDirectory, format);
  refuseGone(stateDirectory, depot.path);
  for (const { path, options } of depotLayout(stateDirectory, format)) {
    await createOnce(path, (half) => createGitDirectory(half, options));
    const mended = await mendGitDirectory(path, options);
    for (const name of mended) await onMended?.({ what: 'git-directory', path: join(path, name) });
  }
  return onMended === undefined ? depot : { ...depot, onMended };
}

/** An empty one in its place would look as if all were well, while the store names commits that are nowhere. */
function refuseGone(stateDirectory: string, path: string): void {
  const hasLived = ['attempts', 'lanes'].some((name) => entriesOf(join(stateDirectory, name)).length > 0);
  // Asked last: another process may be making it, and start the first attempt at once.
  if (!hasLived || lstatSync(path, { throwIfNoEntry: false }) !== undefined) return;
  throw gone(path);
}

function gone(path: string): UserError {
  return new UserError({
    code: 'depot-gone',
    message: `the depot ${path} is gone, although this yard has worked`,
    hint:
      'Nothing was changed. Safe are the target in your repository, the files in lanes/ and the evidence in attempts/; ' +
      'commits that did not land were in the depot. Restore depot.git from a copy; or, to go on without them, move the ' +
      'state directory away, keep it, and start anew: yard run',
    exitCode: 1,
  });
}

/** Two processes may come at once, and one may be killed half-way: it appears whole or not at all. */
async function createOnce(path: string, make: (directory: string) => Promise<void>): Promise<void> {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat?.isDirectory() === true) return;
  if (stat !== undefined) throw unusable(path);
  const parent = dirname(path);
  await mkdir(parent, { recursive: true });
  const half = await makeTemporary(`${path}.new-`);
  await make(half);
  try {
    await rename(half, path);
  } catch (error) {
    if (!existsSync(join(path, 'HEAD'))) throw error;
    await rm(half, { recursive: true });
  }
  await syncDirectory(parent);
}

function unusable(path: string): UserError {
  return new UserError({
    code: 'depot-unusable',
    message: `the depot ${path} cannot be used: it is no directory`,
    hint: 'Move what stands there out of the way, and look again: yard doctor',
    exitCode: 1,
  });
}

export function inDepot(depot: Pick<Depot, 'path'>): GitCall {
  return { gitDir: depot.path };
}

/** The commit or tree that a name or an id stands for; null where the depot has none. */
export async function resolve(depot: Pick<Depot, 'path'>, name: string): Promise<string | null> {
  // The depot is ours: its refs are files, and what they name was there before them.
  const loose = /^refs\/[\w./-]+$/.test(name) ? readLooseRef(depot.path, name) : null;
  if (loose !== null) return loose.kind === 'commit' ? loose.commit : null;
  // Without `^{object}` any full id would do, whether there is such an object or not.
  const { code, stdout } = await git(['rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{object}`], {
    ...inDepot(depot),
    answers: [0, 1],
  });
  return code === 0 ? stdout.toString('latin1').trim() : null;
}

/** What kind of object stands behind each of these names; null where there is none. */
export async function resolveAll(depot: Pick<Depot, 'path'>, names: readonly string[]): Promise<(string | null)[]> {
  if (names.length === 0) return [];
  const input = `${names.join('\n')}\n`;
  const { stdout } = await git(['cat-file', '--batch-check=%(objecttype)'], { ...inDepot(depot), input });
  const lines = stdout.toString('utf8').split('\n').slice(0, -1);
  return lines.map((line) => (/^(?:blob|commit|tag|tree)$/.test(line) ? line : null));
}

export async function treeOf(depot: Depot, commit: string): Promise<string> {
  return gitLine(['rev-parse', '--verify', '--end-of-options', `${commit}^{tree}`], inDepot(depot));
}

/** Sets refs together or not at all; `null` deletes. Nothing is said of their old values. */
export async function setRefs(depot: Depot, refs: Readonly<Record<string, string | null>>): Promise<void> {
  const lines = Object.entries(refs).map(([ref, commit]) =>
    commit === null ? `delete ${ref}\0\0` : `update ${ref}\0${commit}\0\0`,
  );
  const call = { ...inDepot(depot), input: lines.join('') };
  await movingRefs(depot, Object.keys(refs), () => git(['update-ref', '--stdin', '-z'], call));
}

/** Moves a ref by compare-and-swap; `from` is null where there is none yet. False: it is another one by now. */
export async function moveRef(depot: Depot, ref: string, from: string | null, to: string): Promise<boolean> {
  const input = `update ${ref}\0${to}\0${from ?? '0'.repeat(to.length)}\0`;
  try {
    await movingRefs(depot, [ref], () => git(['update-ref', '--stdin', '-z'], { ...inDepot(depot), input }));
    return true;
  } catch (error) {
    if (!mayBeAnswer(error) || (await resolve(depot, ref)) === from) throw error;
    return false;
  }
}

/** Takes a ref away if it still is what the caller read. */
export async function dropRef(depot: Depot, ref: string, commit: string): Promise<void> {
  await movingRefs(depot, [ref], () => git(['update-ref', '--no-deref', '-d', ref, commit], inDepot(depot)));
}

/** Makes a ref where there is none. False: there is one already, whatever it is. */
export async function createRef(depot: Depot, ref: string, commit: string): Promise<boolean> {
  try {
    const call = { ...inDepot(depot), input: `create ${ref}\0${commit}\0` };
    await movingRefs(depot, [ref], () => git(['update-ref', '--stdin', '-z'], call));
    return true;
  } catch (error) {
    if (!mayBeAnswer(error) || (await resolve(depot, ref)) === null) throw error;
    return false;
  }
}

/** Of a git that was refused, the ref tells why. After a failed sync it tells nothing: it may be there, and be lost. */
function mayBeAnswer(error: unknown): boolean {
  return error instanceof GitError && faultOf(error) !== 'disk-broken';
}

/** git's words for a lock that somebody else held, and may have let go since. */
const LOCKED = /\.(?:lock|new)': File exists/;

/** A lock of the depot is held for the moment of a write; who waits longer than this has something else to tell. */
const LOCK_PATIENCE_MS = 5_000;

/** Made while `packed-refs` is locked, and as much in the way of the next git. */
const PACKING = ['packed-refs.new'];

/**
 * Does what moves these refs of the depot. Where a lock on them was in the way, or git was killed, once more when nobody
 * holds one any more.
 */
export async function movingRefs<T>(depot: Depot, refs: readonly string[], move: () => Promise<T>): Promise<T> {
  try {
    return await move();
  } catch (error) {
    if (!(error instanceof GitError) || faultOf(error) === 'disk-broken') throw error;
    const names = [...[...refs, 'packed-refs'].map((name) => `${name}.lock`), ...PACKING];
    const locks = names.map((name) => join(depot.path, name));
    const isLocked = locks.some((path) => findLock(path) !== null) || LOCKED.test(error.stderr);
    if (!isLocked && error.signal === null) throw error;
    const { free, removed } = await clearLocks(depot.path, locks, LOCK_PATIENCE_MS);
    for (const path of removed) await depot.onMended?.({ what: 'stale-lock', path });
    if (!free) throw error;
    return move();
  }
}

/** Refs below prefixes, by full name. */
export async function listRefs(
  depot: Pick<Depot, 'path'>,
  ...prefixes: readonly string[]
): Promise<Map<string, string>> {
  const { stdout } = await git(['for-each-ref', '--format=%(refname) %(objectname)', ...prefixes], inDepot(depot));
  const refs = new Map<string, string>();
  for (const line of stdout.toString('utf8').split('\n')) {
    const space = line.indexOf(' ');
    if (space > 0) refs.set(line.slice(0, space), line.slice(space + 1));
  }
  return refs;
}

/** True when the one is the other, or lies behind it. Both must exist. */
export async function isAncestor(depot: Depot, ancestor: string, descendant: string): Promise<boolean> {
  const { code } = await git(['merge-base', '--is-ancestor', ancestor, descendant], {
    ...inDepot(depot),
    answers: [0, 1],
  });
  return code === 0;
}

interface FetchPlaces {
  /** Git directory that receives. */
  readonly into: string;
  /** Absolute path of the repository that gives. */
  readonly from: string;
  readonly signal?: AbortSignal;
}

/** Fetches one commit, with all behind it, from another repository on this machine. */
export async function fetchCommit(options: FetchPlaces & { readonly commit: string }): Promise<void> {
  await fetch(options, [options.commit], {});
}

/**
 * Fetches objects that an agent has made, each under a ref of its own. They are checked one by one, as for a push from
 * a stranger, and copied whole.
 *
 * @param options.refs ids by the full names of the refs that are to hold them; no ref is moved that stands elsewhere.
 */
export async function fetchChecked(
  options: FetchPlaces & { readonly refs: Readonly<Record<string, string>>; readonly timeoutMs: number },
): Promise<void> {
  const refspecs = Object.entries(options.refs).map(([ref, oid]) => `${oid}:${ref}`);
  const env = { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'transfer.fsckObjects', GIT_CONFIG_VALUE_0: 'true' };
  await fetch(options, refspecs, { env, timeoutMs: options.timeoutMs });
}

async function fetch(
  { into, from, signal }: FetchPlaces,
  refspecs: readonly string[],
  more: Pick<GitCall, 'env' | 'timeoutMs'>,
): Promise<void> {
  await git(
    [
      '-c',
      'protocol.version=2',
      'fetch',
      '--quiet',
      '--no-tags',
      '--no-write-fetch-head',
      '--no-recurse-submodules',
      '--no-auto-maintenance',
      '--no-prune',
      '--no-write-commit-graph',
      // Where it runs, no setting of this call reaches. Whose repository may be read was settled when it was found.
      "--upload-pack=git -c core.hooksPath=/dev/null -c 'safe.directory=*' upload-pack",
      '--end-of-options',
      from,
      ...refspecs,
    ],
    { ...more, gitDir: into, ...(signal === undefined ? {} : { signal }) },
  );
}

/** Content of several blobs in one process; null for one that is missing or no blob. */
export async function readBlobs(depot: Depot, oids: readonly string[]): Promise<(Buffer | null)[]> {
  return readBlobsIn(inDepot(depot), oids);
}

/** As {@link readBlobs}, in any repository. */
export async function readBlobsIn(call: GitCall, oids: readonly string[]): Promise<(Buffer | null)[]> {
  if (oids.length === 0) return [];
  const { stdout } = await git(['cat-file', '--batch'], { ...call, input: `${oids.join('\n')}\n` });
  const blobs: (Buffer | null)[] = [];
  let at = 0;
  for (let index = 0; index < oids.length; index += 1) {
    const end = stdout.indexOf(10, at);
    const [, type, size] = stdout.toString('latin1', at, end).split(' ');
    at = end + 1;
    // `<oid> missing` has no content.
    const content = size === undefined ? null : stdout.subarray(at, at + Number(size));
    blobs.push(type === 'blob' ? content : null);
    if (content !== null) at += content.length + 1;
  }
  return blobs;
}
