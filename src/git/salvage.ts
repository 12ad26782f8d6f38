import type { Redactor } from '../core/redact.ts';
import { isDefective } from '../process/failpoint.ts';
import { join } from 'node:path';

import { toText } from './byte-path.ts';
import { createRef, dropRef, inDepot, listRefs, treeOf } from './depot.ts';
import type { Depot } from './depot.ts';
import { commitChanges, firstDifference } from './fast-import.ts';
import type { CommitRequest, Signature } from './fast-import.ts';
import { git, GitError } from './git.ts';
import { hideSecrets, redactedLine } from './hidden-secrets.ts';
import type { Hidden } from './hidden-secrets.ts';
import { IntegrityError } from './integrity-error.ts';
import { readLane } from './lane.ts';
import { laneRef } from './lane-names.ts';
import type { Lane, ReadOptions } from './lane.ts';
import { lostChanges } from './lost-files.ts';
import { keepOwnCommits } from './own-commits.ts';
import { diffRaw } from './raw-diff.ts';
import type { Snapshot } from './snapshot.ts';
import type { Change, Refusal } from './walk.ts';

/*
 * Keeps what a lane holds. Invariants:
 * 1. `refs/yard/salvage/<task>/<attempt>` is made where there is none, and never moved: what came second, of a process
 *    that was killed half-way or that has lost its lease, is called `<attempt>-2`. The same content is kept once.
 * 2. What comes back as not holdable is in no commit: whoever empties the lane keeps its directory.
 * 3. What is carried over to the next attempt holds no ignored file, whatever is kept.
 * 4. No value of a named secret enters the depot: in files and names it is replaced, commits that hold one stay outside.
 */

export const SALVAGE_REFS = 'refs/yard/salvage';
export const salvageRefs = (taskId: string): string => `${SALVAGE_REFS}/${taskId}`;
export const salvageRef = (taskId: string, attempt: number): string => `${salvageRefs(taskId)}/${attempt}`;

export interface Salvage {
  /** The work in the lane as a commit on its base; null where there is none. */
  readonly work: string | null;
  /** What it holds besides, which is kept nowhere else: keep the directory itself. */
  readonly unholdable: readonly Refusal[];
}

export interface SalvageRequest extends Omit<ReadOptions, 'ownRules'> {
  readonly taskId: string;
  /** Whose work it is: the newest that has run in the lane. */
  readonly attempt: number;
  /** Of the attempt that goes on with the work; null where none does. */
  readonly token: number | null;
  readonly identity: Signature;
  /** Named secrets are kept out by it. */
  readonly redactor: Redactor;
  readonly atMs: number;
  /** A commit whose content has landed: what equals it is not kept again. */
  readonly landed?: string | null;
}

/** Keeps what the lane holds, the agent's own commits included. Every process that could write to it must be dead. */
export async function salvageLane(request: SalvageRequest, lane: Lane): Promise<Salvage> {
  const { depot, taskId, attempt } = request;
  if (isDefective('lane-not-salvaged')) return { work: null, unholdable: [] };
  const snapshot = await readWhatever(lane, request);
  const own = await keepOwnCommits({
    depot,
    directory: lane.directory,
    taskId,
    attempt,
    known: [lane.base, lane.content],
    temporary: join(request.stateDirectory, 'tmp'),
    redactor: request.redactor,
  });
  const doubts = own.kind === 'kept' ? [] : [{ path: '.git', why: `cannot be taken over: ${own.why}` }];
  return { work: await keepFiles(request, lane, snapshot), unholdable: [...snapshot.refused, ...doubts] };
}

async function keepFiles(request: SalvageRequest, lane: Lane, snapshot: Snapshot): Promise<string | null> {
  const { depot, taskId, attempt, token } = request;
  const kept = [...snapshot.changes, ...snapshot.ignored];
  const lost = new Set(lostChanges(lane, snapshot.changes));
  const work = snapshot.changes.filter((change) => !lost.has(change));
  const untouched = lane.content === lane.base ? null : lane.content;
  const own = kept.filter((change) => !lost.has(change));
  const salvaged = (await isKept(request, lane, kept, own)) ? untouched : await keepChanges(request, lane, snapshot);
  if (token === null) return salvaged;
  if (work.length === 0) return untouched;
  if (work.length === kept.length) return salvaged;
  return commitChanges(depot, {
    ...(await onLane(request, lane)),
    ref: laneRef(taskId, token),
    ...hide(request, lane, work),
    message: `${taskId}: the work of attempt ${attempt}\n`,
  });
}

function hide({ depot, redactor }: SalvageRequest, lane: Lane, changes: readonly Change[]): Hidden {
  return hideSecrets(changes, { lane, redactor, format: depot.format });
}

/** It landed, or it is what the lane was filled with, which a ref of the lane holds as long as the lane is used. */
async function isKept(
  { depot, landed, token }: SalvageRequest,
  lane: Lane,
  kept: readonly Change[],
  own: readonly Change[],
): Promise<boolean> {
  if (landed === undefined || landed === null) {
    return kept.length === 0 && (token !== null || lane.content === lane.base);
  }
  return firstDifference(own, await diffRaw(depot, lane.content, landed)) === null;
}

async function keepChanges(request: SalvageRequest, lane: Lane, snapshot: Snapshot): Promise<string | null> {
  const { depot, taskId, attempt } = request;
  const changes = [...snapshot.changes, ...snapshot.ignored];
  if (changes.length === 0) return keepCommit(depot, { taskId, attempt, commit: lane.content });
  const hidden = hide(request, lane, changes);
  if (hidden.changes.length === 0 && lane.content === lane.base) return null;
  if (hidden.changes.length === 0) return keepCommit(depot, { taskId, attempt, commit: lane.content });
  const message = `${request.redactor.named(messageOf(request, snapshot))}${redactedLine(hidden.files)}`;
  const commit = { ...(await onLane(request, lane)), ...hidden, message };
  for (let tries = 1; ; tries += 1) {
    const taken = await listKept(depot, taskId);
    const ref = freeName(taskId, attempt, taken);
    try {
      const made = await commitChanges(depot, { ...commit, ref });
      return await keepOnce(depot, { ref, made, parent: lane.base, taken, taskId, attempt });
    } catch (error) {
      // 1: another process has taken the name meanwhile. What it keeps there stands.
      const mayBeTaken = error instanceof GitError && error.exitCode === 1 && error.fault === null;
      if (!mayBeTaken || tries === TRIES_MAX) throw error;
    }
  }
}

/** Keeps a commit that there is already. */
export async function keepCommit(
  depot: Depot,
  { taskId, attempt, commit }: { readonly taskId: string; readonly attempt: number; readonly commit: string },
): Promise<string> {
  for (;;) {
    const taken = await listKept(depot, taskId);
    if ([...taken.values()].some((kept) => kept.commit === commit)) return commit;
    if (await createRef(depot, freeName(taskId, attempt, taken), commit)) return commit;
  }
}

const TRIES_MAX = 10;

interface Kept {
  readonly commit: string;
  readonly tree: string;
  readonly parent: string;
}

/** A process that was killed after it had kept the lane, and before it emptied it, leaves its successor the same lane. */
async function keepOnce(
  depot: Depot,
  options: {
    readonly ref: string;
    readonly made: string;
    readonly parent: string;
    readonly taken: ReadonlyMap<string, Kept>;
    readonly taskId: string;
    readonly attempt: number;
  },
): Promise<string> {
  const { ref, made, parent, taken, taskId, attempt } = options;
  const own = salvageRef(taskId, attempt);
  const earlier = [...taken].filter(([name, kept]) => isOf(own, name) && kept.parent === parent);
  if (earlier.length === 0) return made;
  const tree = await treeOf(depot, made);
  const twin = earlier.find(([, kept]) => kept.tree === tree);
  if (twin === undefined) return made;
  await dropRef(depot, ref, made);
  return twin[1].commit;
}

function freeName(taskId: string, attempt: number, taken: ReadonlyMap<string, unknown>): string {
  const first = salvageRef(taskId, attempt);
  let ref = first;
  for (let again = 2; taken.has(ref); again += 1) ref = `${first}-${again}`;
  return ref;
}

function isOf(first: string, ref: string): boolean {
  return ref === first || ref.startsWith(`${first}-`);
}

async function listKept(depot: Depot, taskId: string): Promise<Map<string, Kept>> {
  if ((await listRefs(depot, salvageRefs(taskId))).size === 0) return new Map();
  const format = '--format=%(refname) %(objectname) %(tree) %(parent)';
  const { stdout } = await git(['for-each-ref', format, salvageRefs(taskId)], inDepot(depot));
  return new Map(
    stdout
      .toString('latin1')
      .split('\n')
      .flatMap((line): [string, Kept][] => {
        const [ref = '', commit = '', tree = '', parent = ''] = line.split(' ');
        return ref === '' ? [] : [[ref, { commit, tree, parent }]];
      }),
  );
}

async function onLane(
  { depot, identity, atMs }: SalvageRequest,
  lane: Lane,
): Promise<Pick<CommitRequest, 'parent' | 'tree' | 'root' | 'author' | 'atMs'>> {
  const tree = lane.content === lane.base ? null : await treeOf(depot, lane.content);
  return { parent: lane.base, tree, root: lane.directory, author: identity, atMs };
}

const LINES_MAX = 100;

function messageOf({ taskId, attempt }: SalvageRequest, { refused, special }: Snapshot): string {
  const lines = [
    ...refused.map(({ path, why }) => `${toText(path)} ${why}`),
    ...special.map((path) => `${toText(path)} is a socket, FIFO or device`),
  ];
  const listed = lines.slice(0, LINES_MAX).map((line) => `- ${JSON.stringify(line)}\n`);
  const rest = lines.length > LINES_MAX ? `- and ${lines.length - LINES_MAX} more\n` : '';
  const tail = lines.length === 0 ? '' : `\nNot in this commit:\n${listed.join('')}${rest}`;
  return `${taskId}: what the lane held after attempt ${attempt}\n${tail}`;
}

/** No `.gitignore` of an agent keeps its work from being salvaged. */
async function readWhatever(lane: Lane, options: ReadOptions): Promise<Snapshot> {
  try {
    return await readLane(lane, options);
  } catch (error) {
    if (!(error instanceof IntegrityError)) throw error;
    return readLane(lane, { ...options, ownRules: false });
  }
}
