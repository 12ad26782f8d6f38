import { quotePath, toText } from './byte-path.ts';
import type { Depot } from './depot.ts';
import { inDepot, movingRefs } from './depot.ts';
import { blobId } from './blob.ts';
import { git } from './git.ts';
import { IntegrityError } from './integrity-error.ts';
import { diffRaw, diffRawAndPatch } from './raw-diff.ts';
import { readChange } from './snapshot.ts';
import type { Change } from './walk.ts';

/** Content that goes to git in one piece. */
const BATCH_BYTES_MAX = 16 * 1024 * 1024;

export interface Signature {
  readonly name: string;
  readonly email: string;
}

export interface CommitRequest {
  /** Full ref name that is to point at the commit. Nothing may stand there that the commit does not continue. */
  readonly ref: string;
  /** Its one parent. */
  readonly parent: string;
  /** Tree that the changes are made to; the parent's own where null. */
  readonly tree: string | null;
  readonly changes: readonly Change[];
  /** Directory that the changed files are read from. */
  readonly root: string;
  /** Content by object id, of changes that are not to be read from there. */
  readonly contents?: ReadonlyMap<string, Buffer>;
  readonly message: string;
  readonly author: Signature;
  readonly atMs: number;
}

interface Committed {
  readonly commit: string;
  readonly tree: string;
}

/**
 * Blobs, trees, commit and ref in one process (`git fast-import`), synced to disk. The result is then compared with
 * what was meant, path by path, because fast-import drops nothing but also checks little.
 *
 * @throws IntegrityError when the tree that git wrote is not the one that was read.
 */
export async function commitChanges(depot: Depot, request: CommitRequest): Promise<string> {
  const { commit } = await importCommit(depot, request);
  compare(request.changes, await diffRaw(depot, request.tree ?? request.parent, commit));
  return commit;
}

/** As {@link commitChanges}, with the patch between parent and commit, cut where it is longer than `patchBytesMax`. */
export async function commitWithPatch(
  depot: Depot,
  request: CommitRequest & { readonly tree: null },
  patchBytesMax: number,
): Promise<Committed & { readonly patch: Buffer }> {
  const committed = await importCommit(depot, request);
  const { changes, patch } = await diffRawAndPatch(depot, request.parent, committed.commit, {
    count: request.changes.length,
    maxOutputBytes: patchBytesMax,
  });
  compare(request.changes, changes);
  return { ...committed, patch };
}

async function importCommit(depot: Depot, request: CommitRequest): Promise<Committed> {
  const blobs = await writeBlobs(depot, request);
  const input = Buffer.concat([...blobs, ...renderCommit(request), Buffer.from('done\n')]);
  const answer = await movingRefs(depot, [request.ref], () => fastImport(depot, input));
  // The id of the commit, then its tree as `ls-tree` would print it.
  const found = /^([0-9a-f]{40,64})\n040000 tree ([0-9a-f]{40,64})\t\n$/.exec(answer.toString('latin1'));
  const [, commit, tree] = found ?? [];
  if (commit === undefined || tree === undefined) throw new IntegrityError('git fast-import named no commit');
  return { commit, tree };
}

function compare(meant: readonly Change[], written: readonly Change[]): void {
  const difference = firstDifference(meant, written);
  if (difference !== null) throw new IntegrityError(`the commit differs from the lane at ${difference}`);
}

async function fastImport(depot: Depot, input: Buffer): Promise<Buffer> {
  const { stdout } = await git(['fast-import', '--quiet', '--done', '--date-format=raw'], { ...inDepot(depot), input });
  return stdout;
}

/** Reads the files again, in batches so that memory is bounded. Returns what is not written yet: the last batch. */
async function writeBlobs(depot: Depot, { changes, root, contents }: CommitRequest): Promise<Buffer[]> {
  const seen = new Set<string>();
  let parts: Buffer[] = [];
  let sizeBytes = 0;
  for (const change of changes) {
    if (change.oid === null || seen.has(change.oid)) continue;
    seen.add(change.oid);
    const data = contents?.get(change.oid) ?? readChange(root, change);
    if (blobId(data, depot.format) !== change.oid) {
      throw new IntegrityError(`${toText(change.path)} changed while it was read`);
    }
    if (sizeBytes > 0 && sizeBytes + data.length > BATCH_BYTES_MAX) {
      await fastImport(depot, Buffer.concat([...parts, Buffer.from('done\n')]));
      parts = [];
      sizeBytes = 0;
    }
    parts.push(Buffer.from(`blob\ndata ${data.length}\n`), data, Buffer.from('\n'));
    sizeBytes += data.length;
  }
  return parts;
}

function renderCommit({ ref, parent, tree, changes, message, author, atMs }: CommitRequest): Buffer[] {
  const who = `${clean(author.name)} <${clean(author.email)}> ${Math.floor(atMs / 1000)} +0000`;
  const deletions: string[] = [];
  const additions: string[] = [];
  for (const { path, mode, oid } of changes) {
    if (oid === null) deletions.push(`D ${quotePath(path)}\n`);
    else additions.push(`M ${mode.toString(8)} ${oid} ${quotePath(path)}\n`);
  }
  const text = Buffer.from(message.replaceAll('\0', ''));
  return [
    Buffer.from(`commit ${ref}\nmark :1\nauthor ${who}\ncommitter ${who}\ndata ${text.length}\n`),
    text,
    Buffer.from(`\nfrom ${parent}\n`),
    // The empty path stands for the whole tree.
    Buffer.from(tree === null ? '' : `M 040000 ${tree} \n`),
    // A file that became a directory must go before what is below it comes.
    Buffer.from([...deletions, ...additions].join(''), 'latin1'),
    Buffer.from('\nget-mark :1\nls :1 ""\n'),
  ];
}

/** A path at which two lists of changes differ; null where they say the same. */
export function firstDifference(meant: readonly Change[], written: readonly Change[]): string | null {
  const left = new Map(meant.map((change) => [change.path, `${change.oid ?? 'gone'} ${change.oid ? change.mode : 0}`]));
  for (const change of written) {
    const expected = left.get(change.path);
    if (expected !== `${change.oid ?? 'gone'} ${change.oid ? change.mode : 0}`) return toText(change.path);
    left.delete(change.path);
  }
  const [missing] = left.keys();
  return missing === undefined ? null : toText(missing);
}

function clean(text: string): string {
  return text.replace(/[<>\n\0]/g, ' ');
}
