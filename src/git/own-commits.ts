import { lstatSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { faultOf } from '../core/machine-fault.ts';
import type { Redactor } from '../core/redact.ts';
import { errnoOf } from '../process/errno.ts';
import { textWindows } from '../process/text-windows.ts';
import { copyFile, link, mkdir, rm } from '../process/file-system.ts';
import { makeTemporary } from '../process/temporary.ts';
import { createRef, fetchChecked, inDepot } from './depot.ts';
import type { Depot } from './depot.ts';
import { git, GitError } from './git.ts';
import type { GitCall } from './git.ts';
import { createGitDirectory } from './git-directory.ts';
import { DoubtfulError, listOwnObjects, readOwnRefs } from './own-refs.ts';

/*
 * An agent may commit in its lane. Before its git directory is thrown away, what its refs name is brought into the
 * depot. Invariants:
 * 1. git never runs with the lane's git directory: its refs are read by `own-refs.ts`; its object files alone are put
 *    into a git directory of our own making. No configuration, hook, alternates file, graft or index of the agent's is
 *    ever read by a git, wherever it leads.
 * 2. What comes is checked (`transfer.fsckObjects`) and copied whole; a time limit ends what hangs.
 * 3. The refs are named by what they hold: whoever writes them, early or late, writes the same.
 * 4. What holds the value of a named secret does not enter the depot.
 * 5. On any doubt nothing is taken, and the caller keeps the directory as it is.
 */

export const COMMITS_REFS = 'refs/yard/commits';
export const commitsRefs = (taskId: string, attempt: number): string => `${COMMITS_REFS}/${taskId}/${attempt}`;

const TIPS_MAX = 1_000;
const TIMEOUT_MS = 2 * 60_000;

export type OwnCommits =
  | { readonly kind: 'kept'; readonly tips: readonly string[] }
  /** They are not in the depot. */
  | { readonly kind: 'doubtful'; readonly why: string };

export interface OwnCommitsRequest {
  readonly depot: Depot;
  /** The lane's directory. */
  readonly directory: string;
  readonly taskId: string;
  readonly attempt: number;
  /** Commits that the host put there. */
  readonly known: readonly string[];
  /** A directory for scratch files. */
  readonly temporary: string;
  readonly redactor: Redactor;
  readonly timeoutMs?: number;
}

/** Brings the agent's own commits into the depot. Costs nothing where it made none. */
export async function keepOwnCommits(request: OwnCommitsRequest): Promise<OwnCommits> {
  const gitDirectory = join(request.directory, '.git');
  if (lstatSync(gitDirectory, { throwIfNoEntry: false }) === undefined) return { kind: 'kept', tips: [] };
  try {
    const tips = readOwnRefs(gitDirectory, request.depot.format);
    for (const commit of request.known) tips.delete(commit);
    if (tips.size === 0) return { kind: 'kept', tips: [] };
    if (tips.size > TIPS_MAX) throw new DoubtfulError(`it has more than ${TIPS_MAX} refs of its own`);
    return { kind: 'kept', tips: await take(request, gitDirectory, [...tips]) };
  } catch (error) {
    if (faultOf(error) === 'disk-broken') throw error;
    if (error instanceof DoubtfulError || error instanceof GitError) return { kind: 'doubtful', why: error.message };
    throw error;
  }
}

async function take(request: OwnCommitsRequest, gitDirectory: string, tips: readonly string[]): Promise<string[]> {
  const { depot, taskId, attempt } = request;
  const prefix = commitsRefs(taskId, attempt);
  const { missing, present } = await sort(depot, tips);
  if (missing.length > 0) {
    await fetchFrom(request, gitDirectory, Object.fromEntries(missing.map((oid) => [`${prefix}/${oid}`, oid])));
  }
  for (const oid of present) await createRef(depot, `${prefix}/${oid}`, oid);
  return [...missing, ...present];
}

interface Sorted {
  readonly missing: string[];
  /** In the depot, and behind none of its refs yet. */
  readonly present: string[];
}

async function sort(depot: Depot, tips: readonly string[]): Promise<Sorted> {
  const call = { ...inDepot(depot), input: `${tips.join('\n')}\n` };
  const { stdout } = await git(['cat-file', '--batch-check=%(objectname) %(objecttype)'], call);
  const types = stdout.toString('latin1').trimEnd().split('\n');
  const missing = tips.filter((_, index) => types[index]?.endsWith(' missing') !== false);
  const others = tips.filter((oid) => !missing.includes(oid));
  const commits = others.filter((oid) => types.includes(`${oid} commit`));
  if (commits.length === 0) return { missing, present: others };
  const unheld = await git(['rev-list', ...commits, '--not', '--all'], inDepot(depot));
  const isUnheld = new Set(unheld.stdout.toString('latin1').split('\n'));
  return { missing, present: others.filter((oid) => !commits.includes(oid) || isUnheld.has(oid)) };
}

async function fetchFrom(
  { depot, temporary, known, redactor, timeoutMs = TIMEOUT_MS }: OwnCommitsRequest,
  gitDirectory: string,
  refs: Readonly<Record<string, string>>,
): Promise<void> {
  await mkdir(temporary, { recursive: true });
  const scratch = await makeTemporary(join(temporary, 'commits-'));
  try {
    await createGitDirectory(scratch, { format: depot.format, bare: true, alternate: join(depot.path, 'objects') });
    await linkObjects(gitDirectory, scratch);
    const call = { gitDir: scratch, timeoutMs };
    if (redactor.hasNamed) await refuseSecrets(call, { tips: Object.values(refs), known, redactor });
    await fetchChecked({ into: depot.path, from: scratch, refs, timeoutMs });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Searches all that the fetch would bring: files, trees with their names, commits and tags with their messages. */
async function refuseSecrets(
  call: GitCall,
  { tips, known, redactor }: { readonly tips: readonly string[] } & Pick<OwnCommitsRequest, 'known' | 'redactor'>,
): Promise<void> {
  const input = [...tips, ...known.map((oid) => `^${oid}`), ''].join('\n');
  const listed = await git(['rev-list', '--objects', '--no-object-names', '--stdin'], { ...call, input });
  const { stdout } = await git(['cat-file', '--batch', '--buffer'], { ...call, input: listed.stdout });
  for (const { text } of textWindows(stdout)) {
    const held = redactor.find(text).find(({ kind }) => kind === 'named');
    if (held !== undefined) throw new DoubtfulError(`they hold the value of the secret ${held.label}`);
  }
}

async function linkObjects(gitDirectory: string, scratch: string): Promise<void> {
  const made = new Set<string>();
  for (const path of listOwnObjects(gitDirectory)) {
    const directory = dirname(join(scratch, path));
    if (!made.has(directory)) await mkdir(directory, { recursive: true });
    made.add(directory);
    await linkOrCopy(join(gitDirectory, path), join(scratch, path));
  }
}

/** Where something is mounted in the lane, or links to a file are counted out, it is copied. */
async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if (!['EXDEV', 'EMLINK', 'EPERM'].includes(errnoOf(error) ?? '')) throw error;
    await copyFile(from, to);
  }
}
