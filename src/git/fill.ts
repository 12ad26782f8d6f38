import { randomUUID } from 'node:crypto';
import { existsSync, lstatSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { errnoOf } from '../process/errno.ts';
import { currentBootId } from '../process/identity.ts';
import { give } from '../process/owner.ts';
import type { Owner } from '../process/owner.ts';
import { removeTree, TRASH_PREFIX } from '../process/removal.ts';
import { fromText, toFileSystem } from './byte-path.ts';
import type { BytePath } from './byte-path.ts';
import { OID_BYTES } from './blob.ts';
import type { Depot } from './depot.ts';
import { git, GitError } from './git.ts';
import { readIndexFile } from './index-file.ts';
import type { IndexEntry } from './index-file.ts';
import { Walk } from './walk.ts';
import { chmodSync, mkdirSync, renameSync, rm, unlinkSync, writeFileSync } from '../process/file-system.ts';

/*
 * Makes a directory hold exactly a tree, as blob bytes. Invariants:
 * 1. git never sees a file that an agent or a gate has written: what differs is deleted before git fills the gap.
 * 2. The index stands outside the directory, where only this host writes.
 * 3. git replaces the index only after the files are written. A fill that was cut short therefore leaves files that
 *    differ from the index, which the next cleaning deletes.
 * 4. Nothing is synced, so of what was filled in an earlier boot nothing is trusted: a power cut can leave an index
 *    whose stat data vouches for files of zeros. It is all filled again.
 * 5. All in the directory belongs to one owner from the first byte on: git makes it as that user. Given away afterwards,
 *    every file would have a new ctime, and the index would vouch for none. For another owner it is all filled again.
 */

export interface FillOptions {
  readonly depot: Depot;
  readonly directory: string;
  /** The index of this directory, kept outside it. */
  readonly indexFile: string;
  readonly tree: string;
  /** Whom the directory and all in it is to belong to; null, or none: us. */
  readonly owner?: Owner | null;
}

/** A file that could not be removed: the directory is to be retired by rename. */
export class UncleanableError extends Error {
  readonly code = 'uncleanable';

  constructor(path: string, cause: unknown) {
    super(`${path} cannot be cleaned`, { cause });
    this.name = 'UncleanableError';
  }
}

/** Fills the directory and returns what is in it now. Throws {@link UncleanableError}. */
export async function fillDirectory(options: FillOptions): Promise<Map<BytePath, IndexEntry>> {
  const { depot, directory, indexFile, tree, owner = null } = options;
  // A link in its place would lead the cleaning, and git, elsewhere.
  if (lstatSync(directory, { throwIfNoEntry: false })?.isDirectory() === false) unlinkSync(directory);
  const mark = readMark(indexFile);
  if (ownerIn(mark) !== ownerIn(markOf(owner))) await removeWhole(directory);
  const made = mkdirSync(directory, { recursive: true }) !== undefined;
  // Of a git that was killed: nobody else fills this directory.
  await rm(`${indexFile}.lock`, { force: true });
  if (made || mark !== markOf(owner)) await rm(indexFile, { force: true });
  if (made && owner !== null) give(directory, owner);
  // Only now: a directory whose mark names an owner belongs to it.
  writeFileSync(bootFile(indexFile), markOf(owner));
  if (!made) await cleanDirectory(options);
  try {
    await git(['read-tree', '--reset', '-u', tree], {
      gitDir: depot.fillDirectory,
      objectDirectory: join(depot.path, 'objects'),
      workTree: directory,
      indexFile,
      durable: false,
      owner,
    });
    // Like all that stands outside the directory.
    if (owner !== null) give(indexFile, null);
  } catch (error) {
    if (made || !(error instanceof GitError)) throw error;
    throw new UncleanableError(directory, error);
  }
  return readIndexFile(indexFile, OID_BYTES[depot.format]);
}

/** Names the boot in which the index, and all that it lists, was written, and its owner where that is not us. */
export const bootFile = (indexFile: string): string => `${indexFile}.boot`;

const markOf = (owner: Owner | null): string =>
  owner === null ? currentBootId() : `${currentBootId()} ${owner.uid}:${owner.gid}`;

const ownerIn = (mark: string): string => mark.split(' ')[1] ?? '';

function readMark(indexFile: string): string {
  const path = bootFile(indexFile);
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

async function removeWhole(directory: string): Promise<void> {
  const removal = await removeTree(directory);
  // What resists is out of the way, unless not even its name could be changed.
  if (removal.kind === 'left' && existsSync(directory)) throw new UncleanableError(directory, new Error(removal.why));
}

/** Removes everything that is not, to the byte, what the directory was last filled with. */
async function cleanDirectory({ depot, directory, indexFile }: FillOptions): Promise<void> {
  const known = existsSync(indexFile);
  try {
    if (!known) {
      for (const name of readdirSync(directory, { encoding: 'latin1' })) await remove(directory, name);
      return;
    }
    const walk = new Walk({
      root: directory,
      baseline: readIndexFile(indexFile, OID_BYTES[depot.format]),
      // A gate starts only some milliseconds after its slot was filled; what was filled that late is hashed.
      trustedBeforeMs: statSync(indexFile).mtimeMs - RACY_MS,
      format: depot.format,
      excluded: new Set(),
    });
    const untracked = walk.tracked();
    const changed = walk.changes.filter(({ oid }) => oid !== null);
    const doomed = [...untracked, ...changed, ...walk.refused].map(({ path }) => path);
    for (const path of ['.git', ...doomed]) await remove(directory, path);
  } catch (error) {
    await rm(indexFile, { force: true });
    throw new UncleanableError(directory, error);
  }
}

/** Clocks of file systems tick this coarsely at worst. */
export const RACY_MS = 50;

async function remove(directory: string, path: BytePath): Promise<void> {
  const absolute = toFileSystem(`${fromText(directory)}/${path}`);
  let stat;
  try {
    stat = lstatSync(absolute);
  } catch (error) {
    // Its parent went before it, or it was never there.
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return;
    throw error;
  }
  if (!stat.isDirectory()) {
    unlinkSync(absolute);
    return;
  }
  const removal = await removeTree(typeof absolute === 'string' ? absolute : renameToText(directory, absolute));
  if (removal.kind === 'left') throw new Error(`${removal.path} resists: ${removal.why}`);
}

/** Removal takes names that are text only. */
function renameToText(directory: string, path: Buffer): string {
  const doomed = join(directory, `${TRASH_PREFIX}${randomUUID()}`);
  // A directory that comes under another one must be writable itself.
  chmodSync(path, 0o700);
  renameSync(path, doomed);
  return doomed;
}
