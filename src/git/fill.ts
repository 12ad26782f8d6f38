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
import { diffRaw } from './raw-diff.ts';
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
 * 5. Where git is to write only some paths, the tree that the index holds is noted for certain, and nothing else in the
 *    directory differs from the index in content or in what the file system tells of it.
 * 6. All in the directory belongs to one owner from the first byte on: git makes it as that user. Given away afterwards,
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

/** What the directory was last filled with. */
export function readFilled({ depot, indexFile }: Pick<FillOptions, 'depot' | 'indexFile'>): Map<BytePath, IndexEntry> {
  return readIndexFile(indexFile, OID_BYTES[depot.format]);
}

/** Fills the directory; {@link readFilled} tells with what. Throws {@link UncleanableError}. */
export async function fillDirectory(options: FillOptions): Promise<void> {
  const { directory, indexFile, tree, owner = null } = options;
  // A link in its place would lead the cleaning, and git, elsewhere.
  if (lstatSync(directory, { throwIfNoEntry: false })?.isDirectory() === false) unlinkSync(directory);
  const mark = readMark(indexFile);
  const isOurs = mark.owner === nameOf(owner);
  if (!isOurs) await removeWhole(directory);
  const made = mkdirSync(directory, { recursive: true }) !== undefined;
  // Of a git that was killed: nobody else fills this directory.
  await rm(`${indexFile}.lock`, { force: true });
  if (made || !isOurs || mark.bootId !== currentBootId()) await rm(indexFile, { force: true });
  if (made && owner !== null) give(directory, owner);
  // Only now: a directory whose mark names an owner belongs to it.
  writeMark(indexFile, owner, null);
  const missing = made ? null : await cleanDirectory(options);
  try {
    await putIn(options, mark.tree, missing);
    // Like all that stands outside the directory.
    if (owner !== null) give(indexFile, null);
    writeMark(indexFile, owner, tree);
  } catch (error) {
    if (made || !(error instanceof GitError)) throw error;
    throw new UncleanableError(directory, error);
  }
}

/** More paths than these are put in by the way that looks at all of them. */
const FEW = 1_000;

/**
 * Lets git write what is not there: of a directory that lacks little, only that, for to look at each of its files takes
 * git longer than all else.
 *
 * @param before the tree that the index holds; null where that is not known for certain.
 * @param missing what the directory lacks of it; null likewise.
 */
async function putIn(options: FillOptions, before: string | null, missing: readonly BytePath[] | null): Promise<void> {
  const { depot, directory, indexFile, tree, owner = null } = options;
  const objectDirectory = join(depot.path, 'objects');
  const call = { gitDir: depot.fillDirectory, objectDirectory, workTree: directory, indexFile, durable: false, owner };
  if (before !== null && missing !== null && missing.length <= FEW) {
    const differs = before === tree ? [] : (await diffRaw(depot, before, tree)).map(({ path }) => path);
    const paths = [...new Set([...missing, ...differs])];
    if (paths.length === 0) return;
    if (paths.length <= FEW) {
      const input = Buffer.from(paths.map((path) => `${path}\0`).join(''), 'latin1');
      await git(['checkout', '--quiet', '--no-overlay', '--pathspec-from-file=-', '--pathspec-file-nul', tree], {
        ...call,
        input,
        env: { GIT_LITERAL_PATHSPECS: '1' },
      });
      return;
    }
  }
  await git(['read-tree', '--reset', '-u', tree], call);
}

/** Tells of the index: the boot in which it was written, with all that it lists; the owner and the tree of that. */
export const bootFile = (indexFile: string): string => `${indexFile}.boot`;

interface Mark {
  readonly bootId: string;
  readonly owner: string;
  /** Null: it was cut short. */
  readonly tree: string | null;
}

const nameOf = (owner: Owner | null): string => (owner === null ? 'us' : `${owner.uid}:${owner.gid}`);

function writeMark(indexFile: string, owner: Owner | null, tree: string | null): void {
  writeFileSync(bootFile(indexFile), `${currentBootId()} ${nameOf(owner)}${tree === null ? '' : ` ${tree}`}`);
}

function readMark(indexFile: string): Mark {
  const path = bootFile(indexFile);
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const [bootId = '', owner = 'us', tree = null] = text.split(' ');
  return { bootId, owner, tree };
}

async function removeWhole(directory: string): Promise<void> {
  const removal = await removeTree(directory);
  // What resists is out of the way, unless not even its name could be changed.
  if (removal.kind === 'left' && existsSync(directory)) throw new UncleanableError(directory, new Error(removal.why));
}

/**
 * Removes everything that is not, to the byte, what the directory was last filled with. Returns the paths of that which
 * are missing then; null where they are not known.
 */
async function cleanDirectory({ depot, directory, indexFile }: FillOptions): Promise<BytePath[] | null> {
  const known = existsSync(indexFile);
  try {
    if (!known) {
      for (const name of readdirSync(directory, { encoding: 'latin1' })) await remove(directory, name);
      return null;
    }
    const walk = new Walk({
      root: directory,
      baseline: readFilled({ depot, indexFile }),
      // A gate starts only some milliseconds after its slot was filled; what was filled that late is hashed.
      trustedBeforeMs: statSync(indexFile).mtimeMs - RACY_MS,
      format: depot.format,
      excluded: new Set(),
    });
    const untracked = walk.tracked();
    const changed = walk.changes.filter(({ oid }) => oid !== null);
    const doomed = [...untracked, ...changed, ...walk.refused].map(({ path }) => path);
    reopen(directory, walk.directories);
    // With other permissions, say, or under another name elsewhere as well: made anew, it is as the index has it.
    doomed.push(...walk.touched);
    for (const path of ['.git', ...doomed]) await remove(directory, path);
    // A directory that was refused went with whatever of the tree it held.
    if (walk.refused.length > 0) return null;
    return [...new Set([...walk.changes.map(({ path }) => path), ...walk.touched, ...walk.missingModules])];
  } catch (error) {
    await rm(indexFile, { force: true });
    throw new UncleanableError(directory, error);
  }
}

/** Gives the owner's permissions back where they were taken from directories of the tree. */
function reopen(root: string, directories: readonly BytePath[]): void {
  for (const path of directories) {
    const absolute = toFileSystem(path === '' ? fromText(root) : `${fromText(root)}/${path}`);
    if ((lstatSync(absolute).mode & 0o700) !== 0o700) chmodSync(absolute, 0o755);
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
